//! Consumer groups on the wire: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, and the requests of tools.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
    GroupId, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, LeaveGroupResponse, ListGroupsRequest, ListGroupsResponse, SyncGroupRequest,
    SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::{Client, Shared, code, text};
use crate::catalog::Entry;
use crate::clock::Now;
use crate::group::member::{Joined, Outcome, Subscription, Synced};
use crate::group::{Group, Join, JoinAnswer, Phase, Sync};
use crate::state::{State, random_id};
use crate::wire::Broken;

/// `group.min.session.timeout.ms` and `group.max.session.timeout.ms` of Kafka, in milliseconds.
const SESSION: std::ops::RangeInclusive<i32> = 6_000..=1_800_000;

fn instance(id: Option<&StrBytes>) -> Option<&str> {
    id.map(StrBytes::as_str)
}

/// Waits for the group to form; dropped half-way the member is as one that fell silent.
pub(super) async fn join(
    shared: &Shared,
    request: JoinGroupRequest,
    version: i16,
    client_id: &str,
    client: &Client,
) -> Result<JoinGroupResponse, Broken> {
    let member_id = request.member_id.to_string();
    let begun = begin_join(
        &mut shared.lock(),
        &request,
        version,
        client_id,
        client,
        Now::read(),
    );
    let joined = match begun {
        JoinAnswer::IdRequired(id) => {
            return Ok(JoinGroupResponse::default()
                .with_error_code(ResponseError::MemberIdRequired.code())
                .with_generation_id(-1)
                .with_protocol_name((version < 7).then(StrBytes::new))
                .with_member_id(text(id)));
        }
        JoinAnswer::Join(outcome) => settle(shared, outcome).await?,
    };
    Ok(join_response(joined, &member_id, version))
}

async fn settle<T>(
    shared: &Shared,
    outcome: Outcome<T>,
) -> Result<Result<T, ResponseError>, Broken> {
    match outcome {
        Outcome::Now(result) => Ok(result),
        Outcome::Later(later) => tokio::select! {
            result = later => result.map_err(|_| Broken::Closing),
            () = shared.stop.cancelled() => Err(Broken::Closing),
        },
    }
}

fn begin_join(
    state: &mut State,
    request: &JoinGroupRequest,
    version: i16,
    client_id: &str,
    client: &Client,
    now: Now,
) -> JoinAnswer {
    if state.closed {
        return ResponseError::CoordinatorNotAvailable.into();
    }
    if request.group_id.is_empty() {
        return ResponseError::InvalidGroupId.into();
    }
    if !SESSION.contains(&request.session_timeout_ms) {
        return ResponseError::InvalidSessionTimeout.into();
    }
    if !request.member_id.is_empty() && !state.groups.contains_key(request.group_id.as_str()) {
        return ResponseError::UnknownMemberId.into();
    }
    let ms = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    let rebalance = if version == 0 {
        request.session_timeout_ms
    } else {
        request.rebalance_timeout_ms
    };
    let instance_id = request.group_instance_id.as_ref().map(|id| id.to_string());
    let name = instance_id.as_deref().unwrap_or(client_id);
    let join = Join {
        member_id: request.member_id.to_string(),
        new_id: format!("{name}-{}", random_id()),
        id_required: version >= 4,
        protocol_type: request.protocol_type.to_string(),
        is: Subscription {
            client_id: client_id.to_owned(),
            host: client.host.clone(),
            instance_id,
            session: ms(request.session_timeout_ms),
            rebalance: ms(rebalance),
            protocols: request
                .protocols
                .iter()
                .map(|it| (it.name.to_string(), it.metadata.clone()))
                .collect(),
        },
        most: state.config.limits.members,
        gather: state.config.initial_rebalance_delay,
    };
    match state.group(&request.group_id, now) {
        Ok(group) => group.join(join, now.instant),
        Err(error) => error.into(),
    }
}

fn join_response(
    joined: Result<Joined, ResponseError>,
    member_id: &str,
    version: i16,
) -> JoinGroupResponse {
    let error = code(&joined);
    let Ok(joined) = joined else {
        return JoinGroupResponse::default()
            .with_error_code(error)
            .with_generation_id(-1)
            .with_protocol_name((version < 7).then(StrBytes::new))
            .with_member_id(text(member_id));
    };
    let member = |(id, instance_id, metadata): (String, Option<String>, _)| {
        let member = JoinGroupResponseMember::default()
            .with_member_id(text(id))
            .with_metadata(metadata);
        // The field is not in earlier versions.
        if version >= 5 {
            member.with_group_instance_id(instance_id.map(text))
        } else {
            member
        }
    };
    let response = JoinGroupResponse::default()
        .with_generation_id(joined.generation)
        .with_protocol_name(Some(text(joined.protocol)))
        .with_leader(text(joined.leader))
        .with_member_id(text(joined.member_id))
        .with_members(joined.members.into_iter().map(member).collect());
    if version >= 7 {
        response.with_protocol_type(Some(text(joined.protocol_type)))
    } else {
        response
    }
}

/// Waits for the leader's assignments; dropped half-way the member is as one that fell silent.
pub(super) async fn sync(
    shared: &Shared,
    request: SyncGroupRequest,
) -> Result<SyncGroupResponse, Broken> {
    let sync = Sync {
        member_id: &request.member_id,
        instance_id: instance(request.group_instance_id.as_ref()),
        generation: request.generation_id,
        protocol_type: request.protocol_type.as_deref(),
        protocol: request.protocol_name.as_deref(),
        assignments: request
            .assignments
            .iter()
            .map(|it| (it.member_id.to_string(), it.assignment.clone()))
            .collect(),
    };
    let outcome = match shared.lock().groups.get_mut(request.group_id.as_str()) {
        Some(group) => group.sync(sync, Now::read().instant),
        None => ResponseError::UnknownMemberId.into(),
    };
    let synced = settle(shared, outcome).await?;
    let error = code(&synced);
    let Synced {
        protocol_type,
        protocol,
        assignment,
    } = synced.unwrap_or_default();
    let named = |name: String| Some(name).filter(|name| !name.is_empty()).map(text);
    Ok(SyncGroupResponse::default()
        .with_error_code(error)
        .with_protocol_type(named(protocol_type))
        .with_protocol_name(named(protocol))
        .with_assignment(assignment))
}

pub(super) fn heartbeat(
    state: &mut State,
    request: &HeartbeatRequest,
    now: Now,
) -> HeartbeatResponse {
    let instance_id = instance(request.group_instance_id.as_ref());
    let result = match state.groups.get_mut(request.group_id.as_str()) {
        Some(group) => group.heartbeat(
            &request.member_id,
            instance_id,
            request.generation_id,
            now.instant,
        ),
        None => Err(ResponseError::UnknownMemberId),
    };
    HeartbeatResponse::default().with_error_code(code(&result))
}

pub(super) fn leave(
    state: &mut State,
    request: &LeaveGroupRequest,
    version: i16,
    now: Now,
) -> LeaveGroupResponse {
    let mut group = state.groups.get_mut(request.group_id.as_str());
    let mut leave = |member_id: &str, instance_id: Option<&str>| match &mut group {
        Some(group) => group.leave(member_id, instance_id, now.instant),
        None => Err(ResponseError::UnknownMemberId),
    };
    if version < 3 {
        return LeaveGroupResponse::default()
            .with_error_code(code(&leave(&request.member_id, None)));
    }
    let members = request.members.iter().map(|member| {
        let result = leave(
            &member.member_id,
            instance(member.group_instance_id.as_ref()),
        );
        MemberResponse::default()
            .with_member_id(member.member_id.clone())
            .with_group_instance_id(member.group_instance_id.clone())
            .with_error_code(code(&result))
    });
    LeaveGroupResponse::default().with_members(members.collect())
}

/// Every group there is: at work, or only remembered by its offsets.
fn group_ids(state: &State) -> Vec<String> {
    let mut ids: Vec<String> = state
        .groups
        .keys()
        .chain(state.catalog.image().offsets.keys())
        .cloned()
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn phase(group: Option<&Group>) -> &'static str {
    group.map_or(Phase::Empty, |group| group.phase).name()
}

pub(super) fn list(state: &mut State, request: &ListGroupsRequest) -> ListGroupsResponse {
    let wanted = |filter: &[StrBytes], what: &str| {
        filter.is_empty()
            || filter
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(what))
    };
    let describe = |id: String| {
        let group = state.groups.get(&id);
        ListedGroup::default()
            .with_protocol_type(text(group.map_or("", |group| group.protocol_type.as_str())))
            .with_group_state(text(phase(group)))
            .with_group_type(text("classic"))
            .with_group_id(GroupId(text(id)))
    };
    let groups = group_ids(state).into_iter().map(describe);
    let groups = groups.filter(|group| {
        wanted(&request.states_filter, &group.group_state)
            && wanted(&request.types_filter, &group.group_type)
    });
    ListGroupsResponse::default().with_groups(groups.collect())
}

pub(super) fn describe(
    state: &mut State,
    request: &DescribeGroupsRequest,
    version: i16,
) -> DescribeGroupsResponse {
    let groups = request.groups.iter().map(|id| {
        let group = state.groups.get(id.as_str());
        let known = group.is_some() || state.catalog.image().offsets.contains_key(id.as_str());
        let described = DescribedGroup::default().with_group_id(id.clone());
        match group {
            Some(group) => described
                .with_group_state(text(group.phase.name()))
                .with_protocol_type(text(&group.protocol_type))
                .with_protocol_data(text(&group.protocol))
                .with_members(describe_members(group, version)),
            None if known => described.with_group_state(text(Phase::Empty.name())),
            None if version >= 6 => described
                .with_group_state(text("Dead"))
                .with_error_code(ResponseError::GroupIdNotFound.code())
                .with_error_message(Some(text("there is no such group"))),
            None => described.with_group_state(text("Dead")),
        }
    });
    DescribeGroupsResponse::default().with_groups(groups.collect())
}

fn describe_members(group: &Group, version: i16) -> Vec<DescribedGroupMember> {
    let stable = group.phase == Phase::Stable;
    let describe = |(id, member): (&String, &crate::group::member::Member)| {
        let described = DescribedGroupMember::default()
            .with_member_id(text(id))
            .with_client_id(text(&member.is.client_id))
            .with_client_host(text(&member.is.host));
        let described = match version {
            ..4 => described,
            _ => described.with_group_instance_id(member.is.instance_id.clone().map(text)),
        };
        if stable {
            let metadata = member.metadata(&group.protocol);
            return described
                .with_member_metadata(metadata)
                .with_member_assignment(member.assignment.clone());
        }
        described
    };
    group.members.iter().map(describe).collect()
}

pub(super) fn delete(state: &mut State, request: &DeleteGroupsRequest) -> DeleteGroupsResponse {
    let results = request.groups_names.iter().map(|id| {
        let result = delete_group(state, id);
        DeletableGroupResult::default()
            .with_error_code(code(&result))
            .with_group_id(id.clone())
    });
    DeleteGroupsResponse::default().with_results(results.collect())
}

fn delete_group(state: &mut State, id: &str) -> Result<(), ResponseError> {
    let remembered = state.catalog.image().offsets.contains_key(id);
    match state.groups.get(id) {
        Some(group) if !group.is_empty() => return Err(ResponseError::NonEmptyGroup),
        None if !remembered => return Err(ResponseError::GroupIdNotFound),
        _ => {}
    }
    let deleted = state.catalog.commit(vec![Entry::GroupDeleted {
        group: id.to_owned(),
    }]);
    deleted.map_err(|_| ResponseError::CoordinatorNotAvailable)?;
    state.groups.remove(id);
    Ok(())
}
