//! Requests, read as strictly as Livy does: a field that it does not know is refused, unless a setting says otherwise.
//!
//! `json` and `bind` read as Jackson reads, mistakes and their texts included; `check` is what Livy checks of what was
//! read, `query` what stands in a path.

mod bind;
mod check;
mod json;
mod number;
mod query;

use std::borrow::Cow;

use bind::{Class, Fault, Field, read};
pub(crate) use check::{check_batch, check_session, check_uri, merged};
pub(crate) use query::{Page, Reference, int, is_descending, long, parameter};

use crate::error::{LivyError, LivyResult};
use crate::model::{CompletionRequest, Kind, NewBatch, NewJob, NewSession, NewStatement, Resources};
use crate::settings::LivySettings;

// The order of the fields is that of the answers, which is that of Java's hashes.
const SESSION: Class = Class {
    name: "org.apache.livy.server.interactive.CreateInteractiveRequest",
    known: &[
        "executorCores",
        "conf",
        "driverMemory",
        "name",
        "driverCores",
        "idleTimeout",
        "pyFiles",
        "archives",
        "kind",
        "files",
        "jars",
        "proxyUser",
        "numExecutors",
        "heartbeatTimeoutInSecond",
        "ttl",
        "queue",
        "executorMemory",
    ],
    creator: &[],
};

const BATCH: Class = Class {
    name: "org.apache.livy.server.batch.CreateBatchRequest",
    known: &[
        "executorCores",
        "className",
        "conf",
        "driverMemory",
        "name",
        "driverCores",
        "pyFiles",
        "archives",
        "executorMemory",
        "files",
        "jars",
        "proxyUser",
        "numExecutors",
        "file",
        "args",
        "queue",
    ],
    creator: &[],
};

const STATEMENT: Class =
    Class { name: "org.apache.livy.ExecuteRequest", known: &["msg_type", "kind", "code"], creator: &["code", "kind"] };

const COMPLETION: Class = Class {
    name: "org.apache.livy.CompletionRequest",
    known: &["kind", "code", "cursor"],
    creator: &["code", "kind", "cursor"],
};

const JOB: Class = Class {
    name: "org.apache.livy.client.common.HttpMessages$SerializedJob",
    known: &["job", "jobType"],
    creator: &[],
};

const RESOURCE: Class =
    Class { name: "org.apache.livy.client.common.HttpMessages$AddResource", known: &["uri"], creator: &[] };

/// `POST /sessions`. What needs no knowledge of other sessions is checked by `check_session`.
pub(crate) fn new_session(body: &[u8], settings: &LivySettings) -> LivyResult<NewSession> {
    let mut session = NewSession {
        kind: Kind::Shared,
        name: None,
        proxy_user: None,
        resources: Resources::default(),
        heartbeat_timeout: 0,
        ttl: None,
        idle_timeout: None,
    };
    read(body, &SESSION, settings.ignore_unknown_fields, |name, field| {
        match name {
            "kind" => session.kind = kind_field(field)?.unwrap_or(Kind::Shared),
            "name" => session.name = field.text()?,
            "proxyUser" => session.proxy_user = field.text()?,
            "heartbeatTimeoutInSecond" => session.heartbeat_timeout = field.int()?.unwrap_or(0),
            "ttl" => session.ttl = field.text()?,
            "idleTimeout" => session.idle_timeout = field.text()?,
            other => resource(&mut session.resources, other, field)?,
        }
        Ok(())
    })?;
    Ok(session)
}

/// `POST /batches`, checked by `check_batch`. A batch without a file has an empty one.
pub(crate) fn new_batch(body: &[u8], settings: &LivySettings) -> LivyResult<NewBatch> {
    let mut batch = NewBatch {
        file: String::new(),
        class_name: None,
        args: Vec::new(),
        name: None,
        proxy_user: None,
        resources: Resources::default(),
    };
    read(body, &BATCH, settings.ignore_unknown_fields, |name, field| {
        match name {
            "file" => batch.file = field.text()?.unwrap_or_default(),
            "className" => batch.class_name = field.text()?,
            "args" => batch.args = field.list()?,
            "name" => batch.name = field.text()?,
            "proxyUser" => batch.proxy_user = field.text()?,
            other => resource(&mut batch.resources, other, field)?,
        }
        Ok(())
    })?;
    Ok(batch)
}

/// The fields that sessions and batches share.
fn resource(resources: &mut Resources, name: &str, field: Field<'_, '_>) -> Result<(), Fault> {
    match name {
        "jars" => resources.jars = field.list()?,
        "pyFiles" => resources.py_files = field.list()?,
        "files" => resources.files = field.list()?,
        "archives" => resources.archives = field.list()?,
        "driverMemory" => resources.driver_memory = field.text()?,
        "driverCores" => resources.driver_cores = field.int()?,
        "executorMemory" => resources.executor_memory = field.text()?,
        "executorCores" => resources.executor_cores = field.int()?,
        "numExecutors" => resources.num_executors = field.int()?,
        "queue" => resources.queue = field.text()?,
        "conf" => resources.conf = field.map()?,
        _ => field.skip()?,
    }
    Ok(())
}

fn kind_field(field: Field<'_, '_>) -> Result<Option<Kind>, Fault> {
    match field.only_text("Kind")? {
        None => Ok(None),
        Some(name) => match Kind::from_name(&name) {
            Some(kind) => Ok(Some(kind)),
            None => Err(Fault::nowhere(format!("Invalid kind: {name}"))),
        },
    }
}

/// `POST /sessions/{id}/statements`.
pub(crate) fn new_statement(body: &[u8], settings: &LivySettings) -> LivyResult<NewStatement> {
    let (mut code, mut kind) = (None, None);
    read(body, &STATEMENT, settings.ignore_unknown_fields, |name, field| {
        match name {
            "code" => code = field.text()?,
            "kind" => kind = field.text()?,
            _ => field.skip()?,
        }
        Ok(())
    })?;
    let code = code.ok_or_else(no_code)?;
    Ok(NewStatement { code, kind: kind.map(|kind| kind_name(&kind)).transpose()? })
}

/// `POST /sessions/{id}/completion`.
pub(crate) fn completion_request(body: &[u8], settings: &LivySettings) -> LivyResult<CompletionRequest> {
    let (mut code, mut kind, mut cursor) = (None, None, 0);
    read(body, &COMPLETION, settings.ignore_unknown_fields, |name, field| {
        match name {
            "code" => code = field.text()?,
            "kind" => kind = field.text()?,
            "cursor" => cursor = field.int()?.unwrap_or(0),
            _ => field.skip()?,
        }
        Ok(())
    })?;
    let kind = kind.map(|kind| kind_name(&kind)).transpose()?;
    let code = with_line_feeds(&code.ok_or_else(no_code)?).into_owned();
    Ok(CompletionRequest { code, kind, cursor: usize::try_from(cursor).unwrap_or(0) })
}

fn no_code() -> LivyError {
    LivyError::requirement("no code provided.")
}

/// Code as it runs: with line feeds only, whatever ends its lines.
pub(crate) fn with_line_feeds(code: &str) -> Cow<'_, str> {
    if code.contains('\r') { code.replace("\r\n", "\n").replace('\r', "\n").into() } else { code.into() }
}

fn kind_name(name: &str) -> LivyResult<Kind> {
    Kind::from_name(name).ok_or_else(|| LivyError::illegal(format!("Invalid kind: {name}")))
}

/// `POST /sessions/{id}/submit-job` and `run-job`.
pub(crate) fn new_job(body: &[u8], settings: &LivySettings) -> LivyResult<NewJob> {
    let (mut job, mut job_type) = (None, None);
    read(body, &JOB, settings.ignore_unknown_fields, |name, field| {
        match name {
            "job" => job = field.base64()?,
            "jobType" => job_type = field.text()?,
            _ => field.skip()?,
        }
        Ok(())
    })?;
    let job = job.filter(|job: &String| !job.is_empty());
    Ok(NewJob { job: job.ok_or_else(|| LivyError::requirement("no job provided."))?, job_type })
}

/// `POST /sessions/{id}/add-jar`, `add-file`, `add-pyfile`; `check_uri` says whether the session may use it.
pub(crate) fn uri_request(body: &[u8], settings: &LivySettings) -> LivyResult<String> {
    let mut uri = None;
    read(body, &RESOURCE, settings.ignore_unknown_fields, |name, field| {
        match name {
            "uri" => uri = field.text()?,
            _ => field.skip()?,
        }
        Ok(())
    })?;
    uri.ok_or_else(|| LivyError::requirement("no uri provided."))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
