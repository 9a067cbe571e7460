//! The bodies of create and edit, checked whole: an answer names every mistake of the request.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::settings::{Channel, EndpointTag, EndpointTags, WarehouseSettings};
use crate::error::{ApiError, ApiResult};

const SIZES: [&str; 10] =
    ["2X-Small", "X-Small", "Small", "Medium", "Large", "X-Large", "2X-Large", "3X-Large", "4X-Large", "5X-Large"];
const TYPES: [&str; 3] = ["PRO", "CLASSIC", "TYPE_UNSPECIFIED"];
const POLICIES: [&str; 3] = ["COST_OPTIMIZED", "RELIABILITY_OPTIMIZED", "POLICY_UNSPECIFIED"];
const CHANNELS: [&str; 4] =
    ["CHANNEL_NAME_CURRENT", "CHANNEL_NAME_PREVIEW", "CHANNEL_NAME_PREVIOUS", "CHANNEL_NAME_CUSTOM"];
/// What is read and has no effect here: the engine is the server's own.
const FLAGS: [&str; 2] = ["enable_photon", "enable_serverless_compute"];
/// Characters of a name, as the service limits them.
const MAX_NAME: usize = 99;
const MAX_TAGS: usize = 44;
/// Characters of a tag's key or value.
const MAX_TAG: usize = 256;
const MIN_AUTO_STOP: u32 = 10;
const MAX_MIN_CLUSTERS: u32 = 30;
const MAX_CLUSTERS: u32 = 40;

/// The settings of a new warehouse. `taken` are the names of the others.
pub(super) fn create(fields: &Map<String, Value>, taken: &[String]) -> ApiResult<WarehouseSettings> {
    read(fields, &WarehouseSettings::default(), taken)
}

/// The settings of a warehouse after an edit: what is not given stays.
pub(super) fn edit(
    fields: &Map<String, Value>,
    current: &WarehouseSettings,
    taken: &[String],
) -> ApiResult<WarehouseSettings> {
    read(fields, current, taken)
}

fn read(fields: &Map<String, Value>, current: &WarehouseSettings, taken: &[String]) -> ApiResult<WarehouseSettings> {
    let mut reader = Reader { fields, mistakes: Vec::new() };
    let name = reader.name(&current.name, taken);
    let (min_num_clusters, max_num_clusters) = reader.clusters(current);
    for flag in FLAGS {
        if reader.field(flag).is_some_and(|value| !value.is_boolean()) {
            reader.wrong(format!("{flag}: it must be true or false"));
        }
    }
    let timeout = reader.whole("statement_timeout");
    let settings = WarehouseSettings {
        name,
        cluster_size: reader.choice("cluster_size", &SIZES).unwrap_or(current.cluster_size),
        min_num_clusters,
        max_num_clusters,
        auto_stop_mins: reader.auto_stop().unwrap_or(current.auto_stop_mins),
        warehouse_type: reader.choice("warehouse_type", &TYPES).unwrap_or(current.warehouse_type),
        spot_instance_policy: reader.choice("spot_instance_policy", &POLICIES).unwrap_or(current.spot_instance_policy),
        channel: reader.channel().unwrap_or_else(|| current.channel.clone()),
        tags: reader.tags().unwrap_or_else(|| current.tags.clone()),
        statement_timeout: timeout.map_or(current.statement_timeout, |seconds| Some(seconds).filter(|it| *it > 0)),
    };
    if reader.mistakes.is_empty() { Ok(settings) } else { Err(ApiError::invalid(reader.mistakes.join("; "))) }
}

/// Takes fields and gathers what is wrong with them. `null` is as good as absent.
struct Reader<'a> {
    fields: &'a Map<String, Value>,
    mistakes: Vec<String>,
}

impl<'a> Reader<'a> {
    fn wrong(&mut self, mistake: impl Into<String>) {
        self.mistakes.push(mistake.into());
    }

    fn field(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &str) -> Option<&'a str> {
        let text = self.field(name)?.as_str();
        if text.is_none() {
            self.wrong(format!("{name}: it must be a string"));
        }
        text
    }

    /// A whole number; some clients write it as text.
    fn whole(&mut self, name: &str) -> Option<u32> {
        let value = self.field(name)?;
        let number = value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        let number = number.and_then(|number| u32::try_from(number).ok()).filter(|it| i32::try_from(*it).is_ok());
        if number.is_none() {
            self.wrong(format!("{name}: it must be a whole number of at least 0"));
        }
        number
    }

    fn choice<T: DeserializeOwned>(&mut self, name: &str, words: &[&str]) -> Option<T> {
        let text = self.text(name)?;
        let value = words.contains(&text).then(|| serde_json::from_value(Value::from(text)).ok()).flatten();
        if value.is_none() {
            self.wrong(format!("{name}: {text} is none of {}", words.join(", ")));
        }
        value
    }

    fn name(&mut self, current: &str, taken: &[String]) -> String {
        let name = if self.field("name").is_some() { self.text("name") } else { Some(current) };
        let Some(name) = name.map(str::trim) else { return String::new() };
        if name.is_empty() {
            self.wrong("name: it is required and must not be empty");
        } else if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            self.wrong(format!("name: it must have at most {MAX_NAME} printable characters"));
        } else if taken.iter().any(|other| other == name) {
            self.wrong(format!("SQL warehouse with name `{name}` already exists"));
        }
        name.to_owned()
    }

    fn auto_stop(&mut self) -> Option<u32> {
        let minutes = self.whole("auto_stop_mins")?;
        if minutes != 0 && minutes < MIN_AUTO_STOP {
            self.wrong(format!("auto_stop_mins: {minutes} is neither 0 nor at least {MIN_AUTO_STOP}"));
        }
        Some(minutes)
    }

    /// The least and the most clusters. The most is at first as many as the least.
    fn clusters(&mut self, current: &WarehouseSettings) -> (u32, u32) {
        let (min, max) = (self.whole("min_num_clusters"), self.whole("max_num_clusters"));
        let least = min.unwrap_or(current.min_num_clusters);
        let most = max.unwrap_or(current.max_num_clusters.max(least));
        if !(1..=MAX_MIN_CLUSTERS).contains(&least) {
            self.wrong(format!("min_num_clusters: {least} is not from 1 to {MAX_MIN_CLUSTERS}"));
        }
        if !(1..=MAX_CLUSTERS).contains(&most) {
            self.wrong(format!("max_num_clusters: {most} is not from 1 to {MAX_CLUSTERS}"));
        } else if most < least {
            self.wrong(format!("max_num_clusters: {most} is less than min_num_clusters ({least})"));
        }
        (least, most)
    }

    fn channel(&mut self) -> Option<Channel> {
        let value = self.field("channel")?;
        let Some(fields) = value.as_object() else {
            self.wrong("channel: it must be an object with name and dbsql_version");
            return None;
        };
        let mut inner = Reader { fields, mistakes: Vec::new() };
        let name = inner.choice("name", &CHANNELS);
        let version = inner.text("dbsql_version").filter(|version| !version.is_empty()).map(ToOwned::to_owned);
        if version.as_ref().is_some_and(|version| version.len() > MAX_TAG) {
            inner.wrong(format!("dbsql_version: it must have at most {MAX_TAG} characters"));
        }
        self.mistakes.extend(inner.mistakes.into_iter().map(|mistake| format!("channel.{mistake}")));
        Some(Channel { name: name.unwrap_or(Channel::default().name), dbsql_version: version })
    }

    fn tags(&mut self) -> Option<EndpointTags> {
        let value = self.field("tags")?;
        let list = match value.as_object().map(|tags| tags.get("custom_tags").filter(|list| !list.is_null())) {
            Some(None) => return Some(EndpointTags::default()),
            Some(Some(Value::Array(list))) => list,
            Some(Some(_)) | None => {
                self.wrong("tags: they must be an object with a list custom_tags");
                return None;
            }
        };
        if list.len() > MAX_TAGS {
            self.wrong(format!("tags: {} are more than {MAX_TAGS}", list.len()));
            return None;
        }
        let mut custom_tags = Vec::with_capacity(list.len());
        for (index, tag) in list.iter().enumerate() {
            let part =
                |name: &str| tag.get(name).and_then(Value::as_str).filter(|text| text.chars().count() <= MAX_TAG);
            match (part("key").filter(|key| !key.is_empty()), part("value")) {
                (Some(key), Some(value)) => {
                    custom_tags.push(EndpointTag { key: key.to_owned(), value: value.to_owned() });
                }
                _ => self.wrong(format!(
                    "tags.custom_tags[{index}]: it must have a key and a value of at most {MAX_TAG} characters"
                )),
            }
        }
        Some(EndpointTags { custom_tags })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::super::settings::{ClusterSize, WarehouseType};
    use super::*;

    fn fields(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn defaults_are_those_of_the_service() {
        let settings = create(&fields(json!({ "name": " a ", "min_num_clusters": 3, "tags": {} })), &[]).unwrap();
        assert_eq!((settings.name.as_str(), settings.auto_stop_mins), ("a", 120));
        assert_eq!((settings.min_num_clusters, settings.max_num_clusters), (3, 3));
        assert_eq!(settings.warehouse_type, WarehouseType::Pro);
    }

    #[test]
    fn every_word_of_the_service_reads() {
        for size in SIZES {
            let settings = create(&fields(json!({ "name": "a", "cluster_size": size })), &[]).unwrap();
            assert_eq!(serde_json::to_value(settings.cluster_size).unwrap(), size);
        }
        for (name, words) in [("warehouse_type", &TYPES[..]), ("spot_instance_policy", &POLICIES[..])] {
            for word in words {
                assert!(create(&fields(json!({ "name": "a", name: word })), &[]).is_ok(), "{word}");
            }
        }
        for word in CHANNELS {
            assert!(create(&fields(json!({ "name": "a", "channel": { "name": word } })), &[]).is_ok(), "{word}");
        }
    }

    #[test]
    fn every_mistake_is_named() {
        let body = json!({
            "cluster_size": "Gigantic", "auto_stop_mins": 5, "min_num_clusters": 31, "max_num_clusters": 2,
            "warehouse_type": "REALTIME", "spot_instance_policy": 1, "channel": { "name": "x" }, "enable_photon": "yes",
            "statement_timeout": -1, "tags": { "custom_tags": [{ "key": "k", "value": "v" }, { "key": "" }] },
        });
        let error = create(&fields(body), &[]).unwrap_err();
        assert_eq!((error.status.as_u16(), error.code), (400, "INVALID_PARAMETER_VALUE"));
        for part in [
            "name: it is required",
            "cluster_size: Gigantic",
            "auto_stop_mins: 5",
            "min_num_clusters: 31",
            "max_num_clusters: 2",
            "warehouse_type: REALTIME",
            "spot_instance_policy: it must",
            "channel.name: x",
            "enable_photon",
            "statement_timeout",
            "custom_tags[1]",
        ] {
            assert!(error.message.contains(part), "{part} is not in: {}", error.message);
        }
        assert!(!error.message.contains("custom_tags[0]"), "{}", error.message);
    }

    #[test]
    fn a_name_is_taken_once() {
        let taken = ["a".to_owned()];
        let error = create(&fields(json!({ "name": "a" })), &taken).unwrap_err();
        assert_eq!(error.message, "SQL warehouse with name `a` already exists");
    }

    #[test]
    fn an_edit_leaves_what_it_does_not_name() {
        let body = json!({ "name": "a", "cluster_size": "Large", "statement_timeout": "60", "max_num_clusters": 9 });
        let current = create(&fields(body), &[]).unwrap();
        let edited = edit(&fields(json!({ "auto_stop_mins": 0, "name": null })), &current, &[]).unwrap();
        assert_eq!(edited, WarehouseSettings { auto_stop_mins: 0, ..current.clone() });
        assert_eq!((edited.cluster_size, edited.statement_timeout), (ClusterSize::Large, Some(60)));
        let unlimited = edit(&fields(json!({ "statement_timeout": 0 })), &current, &[]).unwrap();
        assert_eq!(unlimited.statement_timeout, None);
    }
}
