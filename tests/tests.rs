//! What Flagdeck does, behaviour by behaviour, with real parts: real files, sockets, processes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;
mod targeted;

mod all_off;
mod answers;
mod app;
mod backfill;
mod backups;
mod calls;
mod chosen;
mod cli;
mod cli_bisect;
mod cli_bisect_ended;
mod cli_bisect_verdicts;
mod cli_clients;
mod cli_demo;
mod cli_folder;
mod cli_follow;
mod cli_guard;
mod cli_history;
mod cli_input;
mod cli_metrics;
mod cli_push;
mod cli_quarantine;
mod cli_reach;
mod cli_roster;
mod cli_sample;
mod cli_serving;
mod cli_snapshot;
mod cli_state;
mod cli_targeted;
mod cli_terminal;
mod cli_unwritable;
mod clients;
mod config;
mod damage_told;
mod damaged_records;
mod definitions;
mod demo;
mod documented;
mod documents;
mod edits;
mod emergency;
mod following;
mod following_fetched;
mod following_published;
mod leader;
mod log_ends;
mod numbers;
mod order;
mod past;
mod previews;
mod private;
mod provenance;
mod reading;
mod reading_settings;
mod redacted;
mod removing;
mod restores_damaged;
mod restores_killed;
mod restores_model;
mod rollouts;
mod rosters_kept;
mod rosters_read;
mod rosters_seen;
mod salvage;
mod salvage_attacked;
mod salvage_states;
mod sample_page;
mod settings;
mod shapes;
mod spellings;
mod states;
mod states_blame;
mod states_damaged;
mod states_killed;
mod states_large;
mod states_recovered;
mod states_restored;
mod states_unreadable;

mod http_bounds;
mod http_clients;
mod http_events;
mod http_flags;
mod http_following;
mod http_gate;
mod http_load;
mod http_malformed;
mod http_metrics;
mod http_modules;
mod http_ofrep;
mod http_ofrep_refetch;
mod http_states;
mod http_stream;
mod http_stream_crowd;
mod http_stream_news;
mod http_support;
mod openapi;

mod browser_modules;

mod gateway;
mod metrics;
mod metrics_store;
mod observed;
mod prometheus;

mod store_back;
mod store_backups;
mod store_certain;
mod store_contract;
mod store_damaged;
mod store_formats;
mod store_gone;
mod store_history;
mod store_programs;

mod upstream;

mod verdicts;
mod workspace;

mod structure;
