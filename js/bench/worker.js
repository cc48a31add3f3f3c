// The same modules in a worker.
import { MLFeatureFlags } from "../ml/MLFeatureFlags.js";
import { MLStateExtension } from "../ml/MLStateExtension.js";
import { PrometheusExporter } from "../ml/PrometheusExporter.js";

const exporter = new PrometheusExporter();
exporter.report("ml:usage", {});
const state = MLStateExtension.extend({ set() {} });
state.set("ml.a", 1);
const { reason } = new MLFeatureFlags().evaluate("tracker", { user: "user42" });
postMessage({ reason, changes: state.ml.history.length });
