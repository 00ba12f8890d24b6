//! The JSON Schema of a binding's configuration: what a pool is saved with has been accepted by it. A schema may
//! not refer to anything outside itself. Its formats are checked, and one is ours: `time-zone`, a name of the IANA database.

use std::{fmt, sync::LazyLock};

use jiff::tz::TimeZoneDatabase;
use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde_json::Value;

/// The most faults that are told.
const MAX_FAULTS: usize = 10;
/// The longest configuration of a binding, in bytes of JSON.
pub(super) const MAX_CONFIG: usize = 32 * 1_024;

/// The format of a time zone's name.
const TIME_ZONE: &str = "time-zone";

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// Where: keys and positions.
    pub path: Vec<String>,
    /// What was expected.
    pub reason: String,
}

/// A schema that configurations are checked by.
pub(super) struct ConfigSchema(Validator);

impl fmt::Debug for ConfigSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConfigSchema").finish_non_exhaustive()
    }
}

impl ConfigSchema {
    /// Reads a schema.
    pub(super) fn new(schema: &Value) -> Result<Self, String> {
        let failed = |error: jsonschema::ValidationError<'_>| format!("config: not a JSON Schema: {error}");
        let options = jsonschema::options().should_validate_formats(true).with_format(TIME_ZONE, is_time_zone);
        options.build(schema).map(Self).map_err(failed)
    }

    /// All that is wrong with a configuration.
    pub(super) fn check(&self, config: &Value) -> Result<(), Vec<ConfigFault>> {
        if serde_json::to_string(config).map_or(usize::MAX, |text| text.len()) > MAX_CONFIG {
            let reason = format!("expected at most {MAX_CONFIG} bytes of JSON");
            return Err(vec![ConfigFault { path: Vec::new(), reason }]);
        }
        let faults: Vec<_> = self
            .0
            .iter_errors(config)
            .take(MAX_FAULTS)
            .map(|error| ConfigFault { path: segments(error.instance_path().as_str()), reason: reason(&error) })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// Whether a text names a time zone.
fn is_time_zone(name: &str) -> bool {
    ZONES.get(name).is_ok_and(|zone| zone.iana_name().is_some() && !zone.is_unknown())
}

/// What was wrong and what was expected.
fn reason(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::Format { format } if format == TIME_ZONE => {
            format!(
                "{} is no time zone: expected a name of the IANA database, such as \"Europe/Budapest\"",
                error.instance()
            )
        }
        _ => error.to_string(),
    }
}

/// A JSON pointer's segments (RFC 6901).
fn segments(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn faults_have_their_path() {
        let schema = json!({
            "type": "object", "required": ["days"], "additionalProperties": false,
            "properties": { "days": { "type": "array", "items": { "enum": ["mon", "tue"] } } },
        });
        let schema = ConfigSchema::new(&schema).expect("a schema");
        assert_eq!(schema.check(&json!({ "days": ["mon"] })), Ok(()));
        let faults = schema.check(&json!({ "days": ["mon", "sat"] })).expect_err("a fault");
        assert_eq!(faults[0].path, ["days", "1"]);
        assert!(faults[0].reason.contains("sat"), "{faults:?}");
        assert!(schema.check(&json!({})).is_err());
        assert!(schema.check(&json!({ "days": ["x".repeat(40_000)] })).is_err_and(|faults| faults[0].path.is_empty()));
    }

    #[test]
    fn a_time_zone_is_one_of_the_database() {
        let schema = ConfigSchema::new(&json!({ "type": "string", "format": "time-zone" })).expect("a schema");
        for (zone, expected) in [
            ("Europe/Budapest", true),
            ("europe/budapest", true),
            ("UTC", true),
            ("Europe/Budapset", false),
            ("+02:00", false),
            ("Etc/Unknown", false),
            ("", false),
        ] {
            assert_eq!(schema.check(&json!(zone)).is_ok(), expected, "{zone}");
        }
        let faults = schema.check(&json!("Europe/Budapset")).expect_err("a fault");
        let expected =
            "\"Europe/Budapset\" is no time zone: expected a name of the IANA database, such as \"Europe/Budapest\"";
        assert_eq!(faults[0].reason, expected);
    }

    #[test]
    fn what_is_no_schema_or_looks_outside_is_refused() {
        for schema in [json!({ "type": "thing" }), json!({ "$ref": "http://127.0.0.1:1/x.json" })] {
            assert!(ConfigSchema::new(&schema).is_err(), "{schema}");
        }
    }
}
