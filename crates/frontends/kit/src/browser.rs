//! The guard against attacks from a browser: pages of other sites that reach this server through their reader.
//!
//! `Host` must be a name of this server, so that a foreign name which suddenly resolves to it (DNS rebinding) is of no
//! use. `Origin` must be the server's own or a listed one, so that no foreign page sends requests that change something.
//! Programs send no `Origin` and are not concerned. Listed origins get the headers of CORS; nothing here is about cookies,
//! which this server has none of.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, HOST, HeaderName, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const REQUEST_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Which names and pages the HTTP listener answers to.
#[derive(Debug, Clone)]
pub struct BrowserGuard {
    /// `http.allowed_hosts`: further names of this server: `name`, `name:port`, `*.domain`, or `*` for all.
    pub allowed_hosts: Vec<String>,
    /// `http.allowed_origins`: `https://name[:port]` of pages that may call it, or `*` for all that have a name.
    pub allowed_origins: Vec<String>,
    /// The listener is on loopback: without a list of names, only loopback's own ones are good. Elsewhere, without a
    /// list, all are.
    pub loopback: bool,
}

impl Default for BrowserGuard {
    fn default() -> Self {
        Self { allowed_hosts: Vec::new(), allowed_origins: Vec::new(), loopback: true }
    }
}

/// Why a request is refused, with what it said.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    Host(String),
    Origin(String),
}

/// Where a request that is let through comes from.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    /// The server itself, or no page at all.
    Own,
    /// A page of this listed origin.
    Listed(HeaderValue),
}

impl BrowserGuard {
    fn admit(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Source, Refusal> {
        let host = self.host(uri, headers)?;
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else {
            let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
            let is_foreign = matches!(site, Some(b"cross-site" | b"same-site"));
            let only_reads = matches!(*method, Method::GET | Method::HEAD);
            return if is_foreign && !only_reads { Err(Refusal::Origin(String::new())) } else { Ok(Source::Own) };
        };
        let text = shown(origin);
        // Of two, a browser would have sent one.
        let (None, Some(page)) = (origins.next(), Place::of_origin(&text)) else { return Err(Refusal::Origin(text)) };
        if host.is_some_and(|host| page.is_at(&host)) {
            return Ok(Source::Own);
        }
        let is_listed = |listed: &String| listed == "*" || Place::of_origin(listed).as_ref() == Some(&page);
        if self.allowed_origins.iter().any(is_listed) {
            return Ok(Source::Listed(origin.clone()));
        }
        Err(Refusal::Origin(text))
    }

    /// The name by which the server was called; `None` when the request names none, as no browser does.
    fn host(&self, uri: &Uri, headers: &HeaderMap) -> Result<Option<Host>, Refusal> {
        let mut called = None;
        for value in headers.get_all(HOST) {
            let text = shown(value);
            match Host::of(&text) {
                Some(host) if self.answers_to(&host) && called.is_none() => called = Some(host),
                Some(_) | None => return Err(Refusal::Host(text)),
            }
        }
        // HTTP/2 has `:authority`; some of its clients send both.
        if let Some(authority) = uri.authority() {
            match Host::of(authority.as_str()) {
                Some(host) if self.answers_to(&host) => called = called.or(Some(host)),
                Some(_) | None => return Err(Refusal::Host(authority.as_str().to_owned())),
            }
        }
        Ok(called)
    }

    fn answers_to(&self, host: &Host) -> bool {
        if host.is_loopback() || (!self.loopback && self.allowed_hosts.is_empty()) {
            return true;
        }
        self.allowed_hosts.iter().any(|listed| {
            if listed == "*" {
                return true;
            }
            let (is_domain, rest) = match listed.strip_prefix("*.") {
                Some(rest) => (true, rest),
                None => (false, listed.as_str()),
            };
            let Some(listed) = Host::of(rest) else { return false };
            let is_name = match is_domain {
                true => host.name.strip_suffix(&listed.name).is_some_and(|head| head.ends_with('.') && head.len() > 1),
                false => host.name == listed.name,
            };
            is_name && listed.port.is_none_or(|port| host.port == Some(port))
        })
    }
}

/// `name[:port]`, in small letters and without the dot of a full name. IPv6 stands in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    fn of(text: &str) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        let port = match authority.as_str().strip_prefix(authority.host())? {
            "" | ":" => None,
            rest => Some(rest.strip_prefix(':')?.parse().ok()?),
        };
        let name = authority.host().to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        (!name.is_empty()).then(|| Self { name: name.to_owned(), port })
    }

    fn is_loopback(&self) -> bool {
        let in_brackets = self.name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(address) = in_brackets {
            return address.parse::<Ipv6Addr>().is_ok_and(|address| address.to_canonical().is_loopback());
        }
        self.name == "localhost"
            || self.name.ends_with(".localhost")
            || self.name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
    }
}

/// The origin of a page, with the port that its scheme means.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    scheme: String,
    name: String,
    port: Option<u16>,
}

impl Place {
    /// `None` for `null` and for what is no origin.
    fn of_origin(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let host = Host::of(authority)?;
        let scheme = scheme.to_ascii_lowercase();
        let port = host.port.or(default_port(&scheme));
        Some(Self { scheme, name: host.name, port })
    }

    /// Whether the page is of the server that was called so. Behind a proxy the server cannot know the scheme.
    fn is_at(&self, host: &Host) -> bool {
        let port = default_port(&self.scheme);
        port.is_some() && self.name == host.name && self.port == host.port.or(port)
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// A header as a message may repeat it.
fn shown(value: &HeaderValue) -> String {
    const LONGEST: usize = 255;
    value.to_str().unwrap_or("?").chars().take(LONGEST).collect()
}

/// Refuses what `guard` does not admit, and answers the questions of browsers for pages that it does.
pub(crate) async fn guarded(State(guard): State<Arc<BrowserGuard>>, request: Request, next: Next) -> Response {
    let source = match guard.admit(request.method(), request.uri(), request.headers()) {
        Ok(source) => source,
        Err(refusal) => return refusal.into_response(),
    };
    let origin = match source {
        Source::Own => None,
        Source::Listed(origin) => Some(origin),
    };
    let is_question =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &origin {
        Some(_) if is_question => preflight(request.headers()),
        Some(_) | None => next.run(request).await,
    };
    let headers = response.headers_mut();
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("location, x-request-id"));
    }
    if !guard.allowed_origins.is_empty() {
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    response
}

/// The page may send any method and whatever headers it asks for: what it may do is decided by its token.
fn preflight(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers
        .insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    if asked.contains_key(REQUEST_PRIVATE_NETWORK) {
        headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let text = match self {
            Self::Host(host) => format!(
                "This server does not answer to the host name '{host}'. If it is one of its names, list it in \
                 'http.allowed_hosts'.\n"
            ),
            Self::Origin(origin) if origin.is_empty() => "A page of another site may not send this request. If it is \
                 to be trusted, list its origin in 'http.allowed_origins'.\n"
                .to_owned(),
            Self::Origin(origin) => format!(
                "A page of the origin '{origin}' may not call this server. If it is to be trusted, list the origin in \
                 'http.allowed_origins'.\n"
            ),
        };
        let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
        (StatusCode::FORBIDDEN, headers, Body::from(text)).into_response()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use axum::Router;
    use axum::routing::any;
    use tower::ServiceExt;

    use super::*;

    fn guard(hosts: &[&str], origins: &[&str], loopback: bool) -> BrowserGuard {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        BrowserGuard { allowed_hosts: owned(hosts), allowed_origins: owned(origins), loopback }
    }

    fn answers(guard: &BrowserGuard, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        guard.admit(&Method::GET, &Uri::from_static("/"), &headers).is_ok()
    }

    #[test]
    fn on_loopback_only_its_own_names_are_answered_to() {
        let guard = guard(&[], &[], true);
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.:1",
            "a.b.localhost:9",
            "127.0.0.1",
            "127.255.3.4:15002",
            "[::1]",
            "[::1]:80",
            "[0:0:0:0:0:0:0:1]:80",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert!(answers(&guard, host), "{host}");
        }
        for host in [
            "evil.test",
            "localhost.evil.test",
            "127.0.0.1.evil.test:80",
            "evillocalhost",
            "0.0.0.0",
            "10.0.0.1",
            "[::2]",
            "[::1",
            "::1",
            "localhost@evil.test",
            "evil.test@localhost",
            "localhost:x",
            "localhost:99999",
            "localhost/",
            "",
            ".",
        ] {
            assert!(!answers(&guard, host), "{host}");
        }
    }

    #[test]
    fn listed_names_are_answered_to() {
        let listed = guard(&["hearth.example", "Proxy.example:8443", "*.lab.example", "[fd00::1]"], &[], true);
        for host in [
            "hearth.example",
            "HEARTH.example:1",
            "proxy.example:8443",
            "a.lab.example",
            "a.b.lab.example:7",
            "[fd00::1]:9",
            "localhost",
        ] {
            assert!(answers(&listed, host), "{host}");
        }
        for host in ["proxy.example", "proxy.example:1", "lab.example", ".lab.example", "xlab.example", "other.example"]
        {
            assert!(!answers(&listed, host), "{host}");
        }
        assert!(answers(&guard(&["*"], &[], true), "anything.test"));
    }

    #[test]
    fn elsewhere_any_name_is_good_until_some_are_listed() {
        assert!(answers(&guard(&[], &[], false), "any.example:1"));
        assert!(!answers(&guard(&["one.example"], &[], false), "any.example:1"));
        assert!(answers(&guard(&["one.example"], &[], false), "localhost:1"));
    }

    #[test]
    fn authority_of_http2_counts_as_host() {
        let guard = guard(&[], &[], true);
        let admit = |uri: &'static str, hosts: &[&'static str], origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_static(host));
            }
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            guard.admit(&Method::POST, &Uri::from_static(uri), &headers).is_ok()
        };
        assert!(admit("http://localhost:1/x", &[], None));
        assert!(admit("http://localhost:1/x", &[], Some("http://localhost:1")));
        assert!(!admit("http://evil.test/x", &[], None));
        assert!(!admit("http://evil.test/x", &["localhost"], None));
        assert!(!admit("http://localhost/x", &["evil.test"], None));
        assert!(!admit("/x", &["localhost", "localhost"], None), "one of them could be looked at elsewhere");
        assert!(admit("/x", &[], None), "no browser leaves it out");
        assert!(!admit("/x", &[], Some("http://localhost")));
    }

    #[test]
    fn pages_of_other_origins_are_refused_unless_listed() {
        let listed = ["https://app.example", "http://localhost:3000"];
        // Origin, Host, and whether it comes through without and with the list.
        let table = [
            ("http://localhost:8080", "localhost:8080", true, true),
            ("HTTP://LOCALHOST:8080", "localhost:8080", true, true),
            ("https://localhost:8080", "localhost:8080", true, true),
            ("http://localhost", "localhost", true, true),
            ("http://localhost:80", "localhost", true, true),
            ("https://localhost", "localhost:443", true, true),
            ("http://localhost", "localhost:443", false, false),
            ("http://[::1]:80", "[::1]", true, true),
            ("http://localhost:3000", "localhost:8080", false, true),
            ("http://localhost:3001", "localhost:8080", false, false),
            ("http://127.0.0.1:8080", "localhost:8080", false, false),
            ("https://app.example", "localhost:8080", false, true),
            ("https://app.example:443", "localhost:8080", false, true),
            ("http://app.example", "localhost:8080", false, false),
            ("https://app.example.evil.test", "localhost:8080", false, false),
            ("null", "localhost:8080", false, false),
            ("", "localhost:8080", false, false),
            ("localhost:8080", "localhost:8080", false, false),
            ("file://", "localhost:8080", false, false),
            ("chrome-extension://abc", "localhost:8080", false, false),
            ("vscode-webview://localhost", "localhost", false, false),
        ];
        for (origin, host, bare, with_list) in table {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
            let admit = |guard: &BrowserGuard| {
                [Method::GET, Method::POST].map(|method| guard.admit(&method, &Uri::from_static("/"), &headers).is_ok())
            };
            assert_eq!(admit(&guard(&[], &[], true)), [bare; 2], "{origin} at {host}");
            assert_eq!(admit(&guard(&[], &listed, true)), [with_list; 2], "{origin} at {host}, with a list");
        }
    }

    #[test]
    fn any_origin_is_not_the_nameless_one() {
        let guard = guard(&[], &["*"], true);
        let admit = |origins: &[&'static str]| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("localhost"));
            for origin in origins {
                headers.append(ORIGIN, HeaderValue::from_static(origin));
            }
            guard.admit(&Method::POST, &Uri::from_static("/"), &headers).is_ok()
        };
        assert!(admit(&["https://any.example"]));
        assert!(!admit(&["null"]));
        assert!(!admit(&["http://localhost", "https://evil.test"]));
    }

    #[test]
    fn without_an_origin_the_site_decides_for_what_changes_something() {
        let guard = BrowserGuard::default();
        let admit = |method: Method, site: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("localhost"));
            headers.insert(SEC_FETCH_SITE, HeaderValue::from_static(site));
            guard.admit(&method, &Uri::from_static("/"), &headers).is_ok()
        };
        for site in ["cross-site", "same-site"] {
            assert!(admit(Method::GET, site) && admit(Method::HEAD, site));
            assert!(!admit(Method::POST, site) && !admit(Method::DELETE, site));
        }
        assert!(admit(Method::POST, "same-origin") && admit(Method::POST, "none"));
    }

    async fn answered(guard: BrowserGuard, method: Method, headers: &[(&'static str, &'static str)]) -> Response {
        let guarded = axum::middleware::from_fn_with_state(Arc::new(guard), guarded);
        let router: Router = Router::new().route("/", any(async || "here")).layer(guarded);
        let mut request = Request::builder().method(method).uri("/").header(HOST, "localhost:1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn text(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn refusal_names_the_setting() {
        let origin = answered(BrowserGuard::default(), Method::GET, &[("origin", "https://evil.test")]).await;
        assert_eq!(origin.status(), StatusCode::FORBIDDEN);
        assert!(origin.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN).is_none());
        let said = text(origin).await;
        assert!(said.contains("'https://evil.test'") && said.contains("'http.allowed_origins'"), "{said}");
        let site = answered(BrowserGuard::default(), Method::PUT, &[("sec-fetch-site", "cross-site")]).await;
        assert!(text(site).await.contains("'http.allowed_origins'"));
        let host = answered(BrowserGuard::default(), Method::GET, &[("host", "evil.test")]).await;
        assert_eq!(host.status(), StatusCode::FORBIDDEN);
        let said = text(host).await;
        assert!(said.contains("'evil.test'") && said.contains("'http.allowed_hosts'"), "{said}");
    }

    #[tokio::test]
    async fn listed_pages_get_the_headers_of_cors() {
        let listed = || guard(&[], &["https://app.example"], true);
        let question = [
            ("origin", "https://app.example"),
            ("access-control-request-method", "DELETE"),
            ("access-control-request-headers", "authorization,x-own"),
            ("access-control-request-private-network", "true"),
        ];
        let answer = answered(listed(), Method::OPTIONS, &question).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_HEADERS], "authorization,x-own");
        assert!(answer.headers()[ACCESS_CONTROL_ALLOW_METHODS].to_str().unwrap().contains("DELETE"));
        assert_eq!(answer.headers()[ALLOW_PRIVATE_NETWORK], "true");
        let call = answered(listed(), Method::POST, &question[..1]).await;
        assert_eq!(call.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        assert_eq!(call.headers()[VARY], "origin");
        assert_eq!(text(call).await, "here");
        let own = answered(listed(), Method::POST, &[("origin", "http://localhost:1")]).await;
        assert!(own.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN).is_none());
        assert_eq!(own.headers()[VARY], "origin", "a cache must not give this answer to another origin");
        assert_eq!(text(own).await, "here");
        let options = answered(listed(), Method::OPTIONS, &[]).await;
        assert_eq!(text(options).await, "here", "an OPTIONS of no page is the door's");
    }
}
