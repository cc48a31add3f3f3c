//! Formats of others that are mistaken for flag documents, by keys that their public
//! documentation names. Nothing is converted here: their rules say more than a flag document can.

use crate::limits::ENTRIES_LOOKED_AT_MAX;
use crate::tree::{Object, Tree};

/// A format other than that of flag documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Snapshots as Flagdeck exports them.
    SnapshotBundle,
    /// The state of an application.
    State,
    /// A JSON Schema.
    JsonSchema,
    /// A description of an HTTP interface (OpenAPI, Swagger).
    OpenApi,
    /// A software bill of materials (CycloneDX).
    CycloneDx,
    /// An answer of the OpenFeature Remote Evaluation Protocol.
    Ofrep,
    /// Flag definitions of OpenFeature's flagd.
    Flagd,
    /// LaunchDarkly.
    LaunchDarkly,
    /// Flagsmith.
    Flagsmith,
    /// GrowthBook.
    GrowthBook,
    /// DevCycle.
    DevCycle,
    /// Unleash, also as GitLab serves it.
    Unleash,
    /// Split, also called Harness FME.
    Split,
    /// ConfigCat.
    ConfigCat,
    /// Statsig.
    Statsig,
    /// PostHog.
    PostHog,
    /// Flipt.
    Flipt,
    /// AWS AppConfig.
    AppConfig,
    /// Firebase Remote Config.
    Firebase,
    /// .NET Feature Management, also in Azure App Configuration.
    DotNet,
    /// A package.json of npm, or its lock file.
    PackageJson,
}

impl Format {
    /// In the order in which they are tried: earlier ones have rarer keys.
    pub const ALL: [Self; 21] = [
        Self::SnapshotBundle,
        Self::OpenApi,
        Self::CycloneDx,
        Self::JsonSchema,
        Self::LaunchDarkly,
        Self::AppConfig,
        Self::Flipt,
        Self::Flagsmith,
        Self::PostHog,
        Self::Ofrep,
        Self::Flagd,
        Self::DevCycle,
        Self::GrowthBook,
        Self::Unleash,
        Self::Split,
        Self::ConfigCat,
        Self::Statsig,
        Self::Firebase,
        Self::DotNet,
        Self::PackageJson,
        Self::State,
    ];

    /// Returns the format of a tree, or of the first entry of a list.
    pub(super) fn of(tree: &Tree) -> Option<Self> {
        let object = match tree {
            Tree::Object(object) => object,
            Tree::Array(items) => items.first()?.as_object()?,
            _ => return None,
        };
        Self::ALL.into_iter().find(|format| format.matches(object))
    }

    /// Returns whether files of the format have keys of flag documents, as `object` has, with
    /// another meaning.
    pub(super) fn shares_keys(self, object: &Object) -> bool {
        match self {
            Self::OpenApi | Self::CycloneDx => true,
            Self::Unleash | Self::Flagsmith | Self::Flipt => {
                !object.contains_key("components") && !object.contains_key("rollout")
            }
            _ => false,
        }
    }

    /// Returns whether it is a format of feature flags.
    pub(super) fn is_of_flags(self) -> bool {
        match self {
            Self::SnapshotBundle
            | Self::State
            | Self::JsonSchema
            | Self::OpenApi
            | Self::CycloneDx
            | Self::PackageJson => false,
            Self::Ofrep
            | Self::Flagd
            | Self::LaunchDarkly
            | Self::Flagsmith
            | Self::GrowthBook
            | Self::DevCycle
            | Self::Unleash
            | Self::Split
            | Self::ConfigCat
            | Self::Statsig
            | Self::PostHog
            | Self::Flipt
            | Self::AppConfig
            | Self::Firebase
            | Self::DotNet => true,
        }
    }

    /// Returns what a file of this format is called in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::SnapshotBundle => "a file of snapshots",
            Self::State => "the state of an application",
            Self::JsonSchema => "a JSON Schema",
            Self::OpenApi => "an OpenAPI description",
            Self::CycloneDx => "a CycloneDX bill of materials",
            Self::Ofrep => "an answer of OpenFeature Remote Evaluation (OFREP)",
            Self::Flagd => "a flag definition of flagd (OpenFeature)",
            Self::LaunchDarkly => "an export of LaunchDarkly",
            Self::Flagsmith => "an export of Flagsmith",
            Self::GrowthBook => "an export of GrowthBook",
            Self::DevCycle => "a configuration of DevCycle",
            Self::Unleash => "an export of Unleash",
            Self::Split => "an export of Split",
            Self::ConfigCat => "a configuration of ConfigCat",
            Self::Statsig => "a configuration of Statsig",
            Self::PostHog => "an export of PostHog",
            Self::Flipt => "an export of Flipt",
            Self::AppConfig => "a flag configuration of AWS AppConfig",
            Self::Firebase => "a template of Firebase Remote Config",
            Self::DotNet => "a configuration of .NET Feature Management",
            Self::PackageJson => "a package.json",
        }
    }

    /// Returns what to do with such a file, in a sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Self::SnapshotBundle | Self::State => {
                "Import it in Snapshots, or with `flagctl snapshot import`."
            }
            Self::Flagd => {
                "Import it in Flags, or with `flagctl import`, which make a document of it."
            }
            format if format.is_of_flags() => {
                "Its rules cannot be converted; write each flag as a component: \
                 {\"enabled\": true, \"components\": {\"checkout\": true}}."
            }
            _ => "Choose a file that `flagctl export` wrote.",
        }
    }

    fn matches(self, object: &Object) -> bool {
        let file = Look(object);
        match self {
            Self::SnapshotBundle => file.says("format", &["flagdeck-snapshots"]),
            Self::State => file.has_object("ml"),
            Self::JsonSchema => is_schema(file),
            Self::OpenApi => file.has_text("openapi") || file.has_text("swagger"),
            Self::CycloneDx => file.has_text("bomFormat"),
            Self::Ofrep => file.has_list("flags") && file.entries("flags").any(is_evaluated),
            Self::Flagd => file.entries("flags").any(is_flagd),
            Self::LaunchDarkly => is_launch_darkly(file),
            Self::Flagsmith => is_flagsmith(file),
            Self::GrowthBook => is_growth_book(file),
            Self::DevCycle => file.has_object("featureVariationMap"),
            Self::Unleash => is_unleash(file),
            Self::Split => is_split(file),
            Self::ConfigCat => file.has_object("p") && file.has_object("f"),
            Self::Statsig => file.has("feature_gates") || file.has("dynamic_configs"),
            Self::PostHog => is_post_hog(file),
            Self::Flipt => is_flipt(file),
            Self::AppConfig => file.has_object("flags") && file.has_object("values"),
            Self::Firebase => file.entries("parameters").any(|it| it.has("defaultValue")),
            Self::DotNet => file.has("FeatureManagement") || file.has("feature_management"),
            Self::PackageJson => is_package(file),
        }
    }
}

/// Looks at the keys of an object.
#[derive(Clone, Copy)]
struct Look<'a>(&'a Object);

impl<'a> Look<'a> {
    fn has(self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    fn has_object(self, key: &str) -> bool {
        self.0.get(key).is_some_and(|it| it.as_object().is_some())
    }

    fn has_list(self, key: &str) -> bool {
        self.0.get(key).is_some_and(|it| it.as_array().is_some())
    }

    fn has_text(self, key: &str) -> bool {
        self.0.get(key).is_some_and(|it| it.as_str().is_some())
    }

    fn has_any(self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.has(key))
    }

    fn says(self, key: &str, words: &[&str]) -> bool {
        let text = self.0.get(key).and_then(Tree::as_str);
        text.is_some_and(|text| words.contains(&text))
    }

    /// The objects that are the entries of the list or object at a key.
    fn entries(self, key: &str) -> impl Iterator<Item = Look<'a>> {
        let value = self.0.get(key);
        let items = value.and_then(Tree::as_array).into_iter().flatten();
        let values = value.and_then(Tree::as_object).into_iter();
        let values = values.flat_map(Object::values);
        objects(items.chain(values))
    }

    /// The objects one level down.
    fn inner(self) -> impl Iterator<Item = Look<'a>> {
        objects(self.0.values())
    }
}

fn objects<'a>(values: impl Iterator<Item = &'a Tree>) -> impl Iterator<Item = Look<'a>> {
    let objects = values
        .take(ENTRIES_LOOKED_AT_MAX)
        .filter_map(Tree::as_object);
    objects.map(Look)
}

/// <https://json-schema.org/draft/2020-12/json-schema-core>
fn is_schema(file: Look<'_>) -> bool {
    let text = file.0.get("$schema").and_then(Tree::as_str);
    let is_named = text.is_some_and(|text| text.contains("json-schema.org"));
    is_named || (file.has_object("properties") && file.says("type", &["object"]))
}

/// A flag of <https://flagd.dev/reference/flag-definitions/>.
fn is_flagd(flag: Look<'_>) -> bool {
    flag.has_any(&["variants", "defaultVariant"]) || flag.says("state", &["ENABLED", "DISABLED"])
}

/// Returns whether a tree has a flag with a state and variants, which is nothing else.
pub(super) fn is_certainly_flagd(tree: &Tree) -> bool {
    let states = ["ENABLED", "DISABLED"];
    let is_flag = |flag: Look<'_>| flag.says("state", &states) && flag.has_object("variants");
    let file = tree.as_object().map(Look);
    file.is_some_and(|file| file.entries("flags").any(is_flag))
}

/// A flag in the answer of a bulk evaluation, <https://openfeature.dev/docs/reference/other-technologies/ofrep/>.
fn is_evaluated(flag: Look<'_>) -> bool {
    flag.has("key") && flag.has_any(&["value", "errorCode"]) && !flag.has("variants")
}

/// The REST API, the data of SDKs and of their file data source,
/// <https://launchdarkly.com/docs/sdk/features/flags-from-files>.
fn is_launch_darkly(file: Look<'_>) -> bool {
    let is_flag = |flag: Look<'_>| {
        flag.has_list("variations") && flag.has_any(&["fallthrough", "offVariation", "kind", "key"])
            || flag.has("fallthrough")
    };
    file.has_object("flagValues")
        || file.has_object("$flagsState")
        || is_flag(file)
        || file.entries("flags").any(is_flag)
        || file.entries("items").any(is_flag)
}

/// Flags of an environment or identity, and environment documents, <https://docs.flagsmith.com>.
fn is_flagsmith(file: Look<'_>) -> bool {
    let is_flag = |flag: Look<'_>| {
        flag.has("feature_state_value") || (flag.has_object("feature") && flag.has("enabled"))
    };
    file.has_list("feature_states") || is_flag(file) || file.entries("flags").any(is_flag)
}

/// The features endpoint of SDKs, the map in it, and the REST API, <https://docs.growthbook.io>.
fn is_growth_book(file: Look<'_>) -> bool {
    let is_feature = |feature: Look<'_>| feature.has_any(&["defaultValue", "valueType"]);
    file.has_text("encryptedFeatures")
        || file.entries("features").any(is_feature)
        || file
            .entries("features")
            .any(|feature| feature.has_list("rules"))
        || file.inner().any(|inner| inner.has("defaultValue"))
}

/// Exports, the client API and the frontend API, <https://docs.getunleash.io>.
fn is_unleash(file: Look<'_>) -> bool {
    let is_feature = |feature: Look<'_>| {
        let has_more = [
            "strategies",
            "project",
            "stale",
            "impressionData",
            "variants",
            "enabled",
        ];
        feature.has_text("name") && feature.has_any(&has_more)
    };
    file.has_list("featureStrategies")
        || file.has_list("featureEnvironments")
        || (file.has_text("name") && file.has_list("strategies"))
        || file.entries("features").any(is_feature)
        || file.entries("toggles").any(is_feature)
}

/// Split definitions of SDKs and of the Admin API, <https://docs.split.io>.
fn is_split(file: Look<'_>) -> bool {
    let is_split = |split: Look<'_>| {
        split.has_any(&["trafficTypeName", "defaultTreatment", "trafficType"])
            || split.has_list("treatments")
    };
    let is_spec = |rules: Look<'_>| rules.has_list("d");
    is_split(file)
        || file.has_list("splits")
        || file.entries("objects").any(is_split)
        || file
            .0
            .get("ff")
            .and_then(Tree::as_object)
            .map(Look)
            .is_some_and(is_spec)
}

/// The answer of `/flags` and `/decide`, and the list of the API, <https://posthog.com/docs/api>.
fn is_post_hog(file: Look<'_>) -> bool {
    let is_decided = |flag: Look<'_>| flag.has_object("metadata") && flag.has_object("reason");
    let is_listed = |flag: Look<'_>| flag.has("key") && flag.has_object("filters");
    (file.has("featureFlags") && file.has("featureFlagPayloads"))
        || is_listed(file)
        || file.entries("flags").any(is_decided)
        || file.entries("flags").any(is_listed)
        || file.entries("results").any(is_listed)
}

/// An export, and a flag of the API, <https://docs.flipt.io>.
fn is_flipt(file: Look<'_>) -> bool {
    let types = ["VARIANT_FLAG_TYPE", "BOOLEAN_FLAG_TYPE"];
    let is_typed = |flag: Look<'_>| flag.says("type", &types);
    let is_flag = |flag: Look<'_>| is_typed(flag) || (flag.has_text("name") && flag.has("enabled"));
    is_typed(file) || (file.has_list("flags") && file.entries("flags").any(is_flag))
}

/// <https://docs.npmjs.com/cli/configuring-npm/package-json>
fn is_package(file: Look<'_>) -> bool {
    let of_packages = [
        "version",
        "dependencies",
        "devDependencies",
        "scripts",
        "private",
        "workspaces",
    ];
    file.has_text("name") && file.has_any(&of_packages) || file.has("lockfileVersion")
}
