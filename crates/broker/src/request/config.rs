//! DescribeConfigs, AlterConfigs, IncrementalAlterConfigs: settings of topics; those of the broker are shown only.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::incremental_alter_configs_request::AlterableConfig;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as IncrementalResponse;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::text;
use crate::partition::Refusal;
use crate::setting::{self, Overrides, SETTINGS, Setting};
use crate::state::{NODE, State};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// Where a value comes from (`ConfigSource` of the DescribeConfigs answer).
const DYNAMIC_TOPIC: i8 = 1;
const STATIC_BROKER: i8 = 4;
const DEFAULT: i8 = 5;

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

pub(super) fn source(setting: &Setting, overrides: &Overrides, defaults: &Overrides) -> i8 {
    if overrides.contains_key(setting.name) {
        DYNAMIC_TOPIC
    } else if defaults.contains_key(setting.name) {
        STATIC_BROKER
    } else {
        DEFAULT
    }
}

pub(super) fn describe(
    state: &mut State,
    request: &DescribeConfigsRequest,
    version: i16,
) -> DescribeConfigsResponse {
    let results = request.resources.iter().map(|resource| {
        let result = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        match describe_resource(state, resource, request, version) {
            Ok(configs) => result.with_configs(configs),
            Err(refusal) => result
                .with_error_code(refusal.code.code())
                .with_error_message(Some(text(refusal.why))),
        }
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

fn describe_resource(
    state: &State,
    resource: &DescribeConfigsResource,
    request: &DescribeConfigsRequest,
    version: i16,
) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
    let keys = resource
        .configuration_keys
        .as_ref()
        .filter(|keys| !keys.is_empty());
    let asked = |name: &str| keys.is_none_or(|keys| keys.iter().any(|key| key.as_str() == name));
    match resource.resource_type {
        TOPIC => {
            let name = resource.resource_name.as_str();
            super::topic::check_form(name)?;
            let unknown = || {
                Refusal::new(
                    ResponseError::UnknownTopicOrPartition,
                    format!("there is no topic '{name}'"),
                )
            };
            let entry = state.catalog.image().topics.get(name).ok_or_else(unknown)?;
            let all = SETTINGS.iter().filter(|setting| asked(setting.name));
            let defaults = &state.config.topic_defaults;
            Ok(all
                .map(|setting| {
                    describe_setting(setting, &entry.settings, defaults, request, version)
                })
                .collect())
        }
        BROKER => {
            if !matches!(resource.resource_name.as_str(), "" | "1") {
                let why = format!(
                    "wanted node {NODE}, the only one, got '{}'",
                    resource.resource_name
                );
                return Err(Refusal::new(ResponseError::InvalidRequest, why));
            }
            let all = broker_settings(state)
                .into_iter()
                .filter(|(name, _)| asked(name));
            let describe = |(name, value): (&'static str, String)| {
                DescribeConfigsResourceResult::default()
                    .with_name(text(name))
                    .with_value(Some(text(value)))
                    .with_read_only(true)
                    .with_config_source(STATIC_BROKER)
            };
            Ok(all.map(describe).collect())
        }
        other => {
            let why = format!(
                "only topics (2) and the broker (4) have settings, got resource type {other}"
            );
            Err(Refusal::new(ResponseError::InvalidRequest, why))
        }
    }
}

fn describe_setting(
    setting: &'static Setting,
    overrides: &Overrides,
    defaults: &Overrides,
    request: &DescribeConfigsRequest,
    version: i16,
) -> DescribeConfigsResourceResult {
    let value = setting::value(setting, overrides, defaults);
    let mut result = DescribeConfigsResourceResult::default()
        .with_name(text(setting.name))
        .with_value(Some(text(value)))
        .with_config_source(source(setting, overrides, defaults));
    if request.include_synonyms {
        let synonym = |value: &str, source| {
            DescribeConfigsSynonym::default()
                .with_name(text(setting.name))
                .with_value(Some(text(value)))
                .with_source(source)
        };
        let set = overrides
            .get(setting.name)
            .map(|value| synonym(value, DYNAMIC_TOPIC));
        let broker = defaults
            .get(setting.name)
            .map(|value| synonym(value, STATIC_BROKER));
        let all = set
            .into_iter()
            .chain(broker)
            .chain([synonym(setting.default, DEFAULT)]);
        result = result.with_synonyms(all.collect());
    }
    if version >= 3 {
        result = result.with_config_type(setting.wire_type());
        if request.include_documentation {
            result = result.with_documentation(Some(text(setting.about)));
        }
    }
    result
}

fn broker_settings(state: &State) -> Vec<(&'static str, String)> {
    let config = &state.config;
    vec![
        (
            "auto.create.topics.enable",
            config.auto_create_topics.to_string(),
        ),
        ("broker.id", NODE.to_string()),
        ("default.replication.factor", "1".to_owned()),
        (
            "group.initial.rebalance.delay.ms",
            config.initial_rebalance_delay.as_millis().to_string(),
        ),
        ("node.id", NODE.to_string()),
        ("num.partitions", config.default_partitions.to_string()),
        (
            "offsets.retention.minutes",
            (config.offsets_retention.as_secs() / 60).to_string(),
        ),
        (
            "socket.request.max.bytes",
            config.limits.frame_bytes.to_string(),
        ),
        (
            "transaction.max.timeout.ms",
            config.transaction_max_timeout.as_millis().to_string(),
        ),
    ]
}

fn topic_settings(state: &State, resource_type: i8, name: &str) -> Result<Overrides, Refusal> {
    if resource_type != TOPIC {
        let why = "only settings of topics can be changed while the broker runs";
        return Err(Refusal::new(ResponseError::InvalidRequest, why));
    }
    let unknown = || {
        Refusal::new(
            ResponseError::UnknownTopicOrPartition,
            format!("there is no topic '{name}'"),
        )
    };
    state
        .catalog
        .image()
        .topics
        .get(name)
        .map(|entry| entry.settings.clone())
        .ok_or_else(unknown)
}

fn put(
    state: &mut State,
    name: &str,
    settings: Overrides,
    validate_only: bool,
) -> Result<(), Refusal> {
    setting::check(&settings).map_err(|why| Refusal::new(ResponseError::InvalidConfig, why))?;
    let partitions = state
        .catalog
        .image()
        .topics
        .get(name)
        .map_or(0, |entry| entry.partitions);
    if validate_only {
        return Ok(());
    }
    state.change_topic(name, partitions, settings)
}

/// The old way: what is not named goes back to its default.
pub(super) fn alter(state: &mut State, request: &AlterConfigsRequest) -> AlterConfigsResponse {
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in &request.resources {
        let name = resource.resource_name.as_str();
        let set = |(name, value): (&StrBytes, &Option<StrBytes>)| {
            value
                .as_ref()
                .map(|value| (name.to_string(), value.to_string()))
        };
        let settings = resource
            .configs
            .iter()
            .filter_map(|config| set((&config.name, &config.value)))
            .collect();
        let altered = topic_settings(state, resource.resource_type, name)
            .and_then(|_| put(state, name, settings, request.validate_only));
        let response = AlterConfigsResourceResponse::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        responses.push(match altered {
            Ok(()) => response,
            Err(refusal) => response
                .with_error_code(refusal.code.code())
                .with_error_message(Some(text(refusal.why))),
        });
    }
    AlterConfigsResponse::default().with_responses(responses)
}

pub(super) fn incremental_alter(
    state: &mut State,
    request: &IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in &request.resources {
        let name = resource.resource_name.as_str();
        let altered = topic_settings(state, resource.resource_type, name)
            .and_then(|settings| changed(state, settings, &resource.configs))
            .and_then(|settings| put(state, name, settings, request.validate_only));
        let response = IncrementalResponse::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        responses.push(match altered {
            Ok(()) => response,
            Err(refusal) => response
                .with_error_code(refusal.code.code())
                .with_error_message(Some(text(refusal.why))),
        });
    }
    IncrementalAlterConfigsResponse::default().with_responses(responses)
}

fn changed(
    state: &State,
    mut settings: Overrides,
    changes: &[AlterableConfig],
) -> Result<Overrides, Refusal> {
    let invalid = |why: String| Refusal::new(ResponseError::InvalidConfig, why);
    for change in changes {
        let name = change.name.as_str();
        let Some(setting) = Setting::named(name) else {
            return Err(invalid(format!("unknown topic config name: {name}")));
        };
        if change.config_operation == DELETE {
            settings.remove(name);
            continue;
        }
        let Some(value) = &change.value else {
            return Err(Refusal::new(
                ResponseError::InvalidRequest,
                format!("configuration {name} has no value"),
            ));
        };
        let current = setting::value(setting, &settings, &state.config.topic_defaults);
        let current = current
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let parts = || value.split(',').map(str::trim);
        let value = match change.config_operation {
            SET => value.to_string(),
            APPEND | SUBTRACT if !setting.is_list() => {
                return Err(invalid(format!(
                    "configuration {name} is not a list: it can only be set or deleted"
                )));
            }
            APPEND => {
                let mut all: Vec<&str> = current.collect();
                all.extend(
                    parts()
                        .filter(|part| !all.contains(part))
                        .collect::<Vec<_>>(),
                );
                all.join(",")
            }
            SUBTRACT => current
                .filter(|part| !parts().any(|gone| gone == *part))
                .collect::<Vec<_>>()
                .join(","),
            other => {
                return Err(Refusal::new(
                    ResponseError::InvalidRequest,
                    format!("there is no operation {other}"),
                ));
            }
        };
        settings.insert(name.to_owned(), value);
    }
    Ok(settings)
}
