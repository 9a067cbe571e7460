//! The agent's two calls as they look on the wire.

use std::convert::Infallible;

use ::http::StatusCode;
use ::http::header::{AUTHORIZATION, CONTENT_TYPE};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;
use crate::AgentSettings;
use crate::agent::gateway::{Gateway as _, HttpGateway, Refusal};

/// Answers as the path and the body of the request say.
async fn respond(request: hyper::Request<Incoming>) -> std::result::Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    assert_eq!(parts.method.as_str(), "POST");
    assert_eq!(parts.headers[AUTHORIZATION], "Bearer secret");
    assert_eq!(parts.headers[CONTENT_TYPE], "application/json");
    let body: String = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
    let (status, answer) = match (parts.uri.path(), body.as_str()) {
        ("/hearth/api/v2/spark-connect/pull-request", "idle") => (200, String::new()),
        ("/hearth/api/v2/spark-connect/pull-request", "work") => (200, STANDARD.encode("a request")),
        ("/hearth/api/v2/spark-connect/pull-request", "strange") => (200, "not base64".to_owned()),
        ("/hearth/api/v2/spark-connect/pull-request", _) => (404, "no pool".to_owned()),
        ("/hearth/api/v2/spark-connect/push-response", body) => {
            let code = String::from_utf8(STANDARD.decode(body).unwrap()).unwrap();
            (code.parse().unwrap(), String::new())
        }
        (path, _) => panic!("{path}"),
    };
    let body = Full::new(Bytes::from(serde_json::json!(answer).to_string()));
    Ok(hyper::Response::builder().status(status).body(body).unwrap())
}

#[tokio::test]
async fn strings_go_both_ways_and_codes_say_what_to_do() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}/hearth/", listener.local_addr().unwrap()).parse().unwrap();
    let mut connections = JoinSet::new();
    connections.spawn(async move {
        let mut served = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let connection = hyper::server::conn::http1::Builder::new();
            served.spawn(connection.serve_connection(TokioIo::new(stream), service_fn(respond)));
        }
    });
    let settings = AgentSettings { token: Some("secret".to_owned()), ..AgentSettings::new(server) };
    let gateway = HttpGateway::new(&settings).unwrap();

    assert_eq!(gateway.pull("idle").await, Ok(None));
    assert_eq!(gateway.pull("work").await, Ok(Some(Bytes::from_static(b"a request"))));
    for worker in ["strange", "elsewhere"] {
        assert!(matches!(gateway.pull(worker).await, Err(Refusal::Away(_))));
    }
    for (code, expected) in
        [("200", Ok(())), ("404", Err(Refusal::Gone)), ("409", Err(Refusal::Taken)), ("429", Err(Refusal::Busy))]
    {
        assert_eq!(gateway.push(Bytes::from_static(code.as_bytes())).await, expected);
    }
    for (code, status) in [("413", StatusCode::PAYLOAD_TOO_LARGE), ("400", StatusCode::BAD_REQUEST)] {
        let refused = gateway.push(Bytes::from_static(code.as_bytes())).await;
        assert!(matches!(&refused, Err(Refusal::Refused(reason)) if reason.contains(status.as_str())), "{refused:?}");
    }
    assert!(matches!(gateway.push(Bytes::from_static(b"503")).await, Err(Refusal::Away(_))));
    connections.shutdown().await;
    let away = gateway.pull("idle").await;
    assert!(matches!(&away, Err(Refusal::Away(reason)) if reason.contains("onnect")), "{away:?}");
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let with = |server: &str, token: Option<&str>, ca: Option<&str>| {
        let settings = AgentSettings::new(server.parse().unwrap());
        let settings = AgentSettings { token: token.map(str::to_owned), ca: ca.map(Into::into), ..settings };
        HttpGateway::new(&settings).map(|_| ()).map_err(|error| error.to_string())
    };
    assert!(with("https://gateway.example", Some("t"), None).is_ok());
    assert!(with("sc://127.0.0.1:15002", None, None).unwrap_err().contains("no address of a gateway"));
    assert!(with("http://127.0.0.1", Some("a\nb"), None).unwrap_err().contains("token"));
    assert!(with("https://127.0.0.1", None, Some("/nowhere.pem")).unwrap_err().contains("/nowhere.pem"));
}
