//! Request ids and the span of a request, for HTTP and gRPC alike.
//!
//! A client's own `x-request-id` is kept when it is short and plain, so that its log and ours can be laid side by side.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderValue, Request, Response};
use tower::{Layer, Service};
use tracing::Instrument;

const HEADER: &str = "x-request-id";
/// The longest id that is taken from a client.
const MAX_ID: usize = 64;

/// The id of a request, in its extensions.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Gives each request an id and a span, and each response the id.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestLayer;

impl<S> Layer<S> for RequestLayer {
    type Service = Requests<S>;

    fn layer(&self, inner: S) -> Requests<S> {
        Requests { inner }
    }
}

/// The service that `RequestLayer` makes.
#[derive(Debug, Clone)]
pub struct Requests<S> {
    inner: S,
}

impl<S, A, B> Service<Request<A>> for Requests<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let id = request_id(&request);
        let span = tracing::info_span!("request", %id, method = %request.method(), path = request.uri().path());
        let header = HeaderValue::from_str(&id).ok().map(|mut header| {
            // Never the same again: HTTP/2 need not keep it for later answers.
            header.set_sensitive(true);
            header
        });
        request.extensions_mut().insert(RequestId(id));
        let response = self.inner.call(request);
        let answer = async move {
            let mut response = response.await?;
            if let Some(header) = header {
                response.headers_mut().insert(HEADER, header);
            }
            Ok(response)
        };
        Box::pin(answer.instrument(span))
    }
}

fn request_id<A>(request: &Request<A>) -> String {
    let given = request.headers().get(HEADER).and_then(|value| value.to_str().ok());
    let is_plain = |id: &&str| {
        (1..=MAX_ID).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    given.filter(is_plain).map_or_else(random_id, ToOwned::to_owned)
}

/// A UUID that need not be secret: from the thread's generator, not from the system with a call each.
fn random_id() -> String {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use tower::ServiceExt;

    use super::*;

    async fn answered(given: Option<&'static str>) -> (String, String) {
        let inner = tower::service_fn(|request: Request<()>| async move {
            let RequestId(id) = request.extensions().get::<RequestId>().unwrap();
            Ok::<_, std::convert::Infallible>(Response::new(id.clone()))
        });
        let mut request = Request::new(());
        if let Some(given) = given {
            request.headers_mut().insert(HEADER, HeaderValue::from_static(given));
        }
        let response = RequestLayer.layer(inner).oneshot(request).await.unwrap();
        (response.headers()[HEADER].to_str().unwrap().to_owned(), response.into_body())
    }

    #[tokio::test]
    async fn a_plain_id_of_the_client_is_kept_and_others_are_replaced() {
        assert_eq!(answered(Some("abc-1")).await, ("abc-1".to_owned(), "abc-1".to_owned()));
        for odd in [None, Some("with space"), Some("")] {
            let (header, seen) = answered(odd).await;
            assert_eq!(header, seen);
            assert!(hearth_base::id::is_uuid(&header));
        }
    }
}
