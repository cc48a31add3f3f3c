import { mount } from "svelte";

import App from "./App.svelte";
import { tauri } from "./host/tauri";

mount(App, { target: document.body, props: { host: tauri } });
