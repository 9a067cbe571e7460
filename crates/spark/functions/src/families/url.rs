//! URL functions.

use hearth_base::Result;
use hearth_types::DataType;

use crate::call::Call;
use crate::inputs::Input::Text;
use crate::inputs::{expect_texts, lenient};
use crate::kernels::url;
use crate::row::Family::Url as F;
use crate::row::{Arity, FunctionRow, scalar};
use crate::typed::Typed;

fn parse_url(call: Call<'_>) -> Result<Typed> {
    expect_texts(&call)?;
    let null = !call.session.ansi;
    lenient(call, "parse_url", &[Text], DataType::STRING, null, url::parse)
}

fn try_parse_url(call: Call<'_>) -> Result<Typed> {
    expect_texts(&call)?;
    lenient(call, "parse_url", &[Text], DataType::STRING, true, url::parse)
}

fn url_encode(call: Call<'_>) -> Result<Typed> {
    lenient(call, "url_encode", &[Text], DataType::STRING, (), url::encode)
}

fn url_decode(call: Call<'_>) -> Result<Typed> {
    lenient(call, "url_decode", &[Text], DataType::STRING, false, url::decode)
}

fn try_url_decode(call: Call<'_>) -> Result<Typed> {
    lenient(call, "url_decode", &[Text], DataType::STRING, true, url::decode)
}

pub const ROWS: &[FunctionRow] = &[
    scalar("parse_url", F, Arity::Range(2, 3), parse_url)
        .example("parse_url('http://spark.apache.org/path?query=1', 'QUERY', 'query')", "1")
        .summary("A part of a URL."),
    scalar("try_parse_url", F, Arity::Range(2, 3), try_parse_url)
        .example("try_parse_url('inva lid://spark.apache.org/path?query=1', 'QUERY')", "NULL")
        .summary("As parse_url, NULL for what is no URL."),
    scalar("url_decode", F, Arity::Exact(1), url_decode)
        .example("url_decode('https%3A%2F%2Fspark.apache.org')", "https://spark.apache.org")
        .summary("Undoes url_encode."),
    scalar("url_encode", F, Arity::Exact(1), url_encode)
        .example("url_encode('https://spark.apache.org')", "https%3A%2F%2Fspark.apache.org")
        .summary("Text for a URL's query."),
    scalar("try_url_decode", F, Arity::Exact(1), try_url_decode)
        .example("try_url_decode('http%3A%2F%2Fspark.apache.org')", "http://spark.apache.org")
        .summary("As url_decode, NULL for what cannot be decoded."),
];
