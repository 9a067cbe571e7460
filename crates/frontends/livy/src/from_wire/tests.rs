//! `jackson.json` was recorded from Apache Livy 0.7.1 (Jackson 2.9.9): the class a body is read into, the body (one
//! character a byte), what Livy says of it. `KNOWN` stands for the fields of a session, `SOURCE` for a long word.

use axum::response::IntoResponse;
use http::Uri;
use proptest::prelude::*;

use super::*;
use crate::error::Refusal;

fn settings() -> LivySettings {
    LivySettings::default()
}

/// What is said of a body of one of the classes.
fn refusal(class: &str, body: &[u8], settings: &LivySettings) -> Option<LivyError> {
    match class {
        "session" => new_session(body, settings).err(),
        "batch" => new_batch(body, settings).err(),
        "statement" => new_statement(body, settings).err(),
        "completion" => completion_request(body, settings).err(),
        "job" => new_job(body, settings).err(),
        "uri" => uri_request(body, settings).err(),
        other => panic!("{other} is no class"),
    }
}

const CLASSES: [&str; 6] = ["session", "batch", "statement", "completion", "job", "uri"];

#[test]
fn mistakes_are_named_as_jackson_names_them() {
    let recorded: Vec<(String, String, String)> = serde_json::from_str(include_str!("jackson.json")).unwrap();
    let known: Vec<_> = SESSION.known.iter().map(|name| format!("\"{name}\"")).collect();
    let known = format!("(17 known properties: {}", known.join(", "));
    let mut wrong = Vec::new();
    for (class, body, text) in &recorded {
        let bytes: Vec<u8> = body.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect();
        let text = text.replace("(KNOWN", &known);
        let text = text.replace("[SOURCE ", "[Source: (org.eclipse.jetty.server.HttpInputOverHTTP); line: ");
        match refusal(class, &bytes, &settings()) {
            Some(LivyError { body: Refusal::Text(ours), .. }) if ours == text => {}
            other => wrong.push(format!("{class} {body:?}\n  Livy {text:?}\n  ours {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), recorded.len(), wrong.join("\n"));
}

#[test]
fn a_session_is_read_whole() {
    let body = br#"{"kind":"python","name":"n","proxyUser":"p","jars":["/a.jar"],"pyFiles":["/b.py"],"files":["/c"],
        "archives":["/d.zip#e"],"driverMemory":"1G","driverCores":"2","executorMemory":"2G","executorCores":3,
        "numExecutors":4.9,"queue":"q","conf":{"a":1,"b":true,"c":null,"d":1.50},"heartbeatTimeoutInSecond":"60",
        "ttl":"1h","idleTimeout":"30m"} what stands behind is not read"#;
    let session = new_session(body, &settings()).unwrap();
    assert_eq!((session.kind, session.heartbeat_timeout), (Kind::Pyspark, 60));
    assert_eq!((session.ttl.as_deref(), session.idle_timeout.as_deref()), (Some("1h"), Some("30m")));
    assert_eq!((session.name.as_deref(), session.proxy_user.as_deref()), (Some("n"), Some("p")));
    let resources = &session.resources;
    assert_eq!(resources.archives, ["/d.zip#e"]);
    assert_eq!(
        (resources.driver_cores, resources.executor_cores, resources.num_executors),
        (Some(2), Some(3), Some(4))
    );
    let conf: Vec<_> = resources.conf.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(conf, ["a=1", "b=true", "d=1.50"]);
}

#[test]
fn nulls_are_as_good_as_nothing() {
    let nothing = new_session(b"{}", &settings()).unwrap();
    assert_eq!((nothing.kind, nothing.heartbeat_timeout), (Kind::Shared, 0));
    let nulls: Vec<_> = SESSION.known.iter().map(|name| format!("\"{name}\":null")).collect();
    assert_eq!(new_session(format!("{{{}}}", nulls.join(",")).as_bytes(), &settings()).unwrap(), nothing);
    assert_eq!(new_session(b"null", &settings()).unwrap_err(), new_session(b"", &settings()).unwrap_err());
}

#[test]
fn fields_of_other_dialects_are_refused_or_ignored() {
    let body = br#"{"environmentDetails":{"id":["x",{"y":1}]},"kind":"sql","tags":null}"#;
    assert!(new_session(body, &settings()).is_err());
    let lenient = LivySettings { ignore_unknown_fields: true, ..settings() };
    assert_eq!(new_session(body, &lenient).unwrap().kind, Kind::Sql);
    let body = br#"{"code":"1","other":[[1]],"kind":"r"}"#;
    assert!(new_statement(body, &settings()).is_err());
    assert_eq!(new_statement(body, &lenient).unwrap().kind, Some(Kind::Sparkr));
}

#[test]
fn code_stays_as_it_came_and_runs_with_line_feeds() {
    let statement = new_statement(br#"{"code":"a\r\nb\rc\n\r"}"#, &settings()).unwrap();
    assert_eq!((statement.code.as_str(), statement.kind), ("a\r\nb\rc\n\r", None));
    assert_eq!(with_line_feeds(&statement.code), "a\nb\nc\n\n");
    assert_eq!(new_statement(b"{}", &settings()).unwrap_err(), LivyError::requirement("no code provided."));
    let error = new_statement(br#"{"code":"1","kind":"pyspark3"}"#, &settings()).unwrap_err();
    assert_eq!(error, LivyError::illegal("Invalid kind: pyspark3"));
    let completion = completion_request(br#"{"code":"a\r\n.","kind":"spark","cursor":-1}"#, &settings()).unwrap();
    assert_eq!((completion.code.as_str(), completion.kind, completion.cursor), ("a\n.", Some(Kind::Spark), 0));
}

#[test]
fn texts_are_decoded() {
    let read = |body: &[u8]| new_statement(body, &settings()).unwrap().code;
    assert_eq!(read("{\"code\":\"é😀\\t\\u00e9\\ud83d\\ude00\\/\"}".as_bytes()), "é😀\té😀/");
    assert_eq!(read(br#"{"code":"\ud83d\u0041\udc00"}"#), "\u{fffd}A\u{fffd}");
    assert_eq!(read(b"\xef\xbb\xbf{\"code\":\"\xed\xa0\x80\"}"), "\u{fffd}\u{fffd}\u{fffd}");
}

#[test]
fn a_job_is_base64_and_not_empty() {
    for body in ["{}", r#"{"job":""}"#, r#"{"job":null,"jobType":"spark"}"#] {
        assert_eq!(new_job(body.as_bytes(), &settings()).unwrap_err(), LivyError::requirement("no job provided."));
    }
    let job = new_job(br#"{"job":"gASV Zm9v","jobType":"pyspark"}"#, &settings()).unwrap();
    assert_eq!((job.job.as_str(), job.job_type.as_deref()), ("gASV Zm9v", Some("pyspark")));
}

#[test]
fn what_cannot_be_is_rejected_with_livys_reasons() {
    let local = LivySettings { local_folders: vec!["/data/shared".into()], ..settings() };
    for (body, settings, reason) in [
        (r#"{"name":"12"}"#, settings(), "Invalid session name: 12"),
        (r#"{"ttl":"abc"}"#, settings(), "Invalid time string: abc"),
        (r#"{"idleTimeout":"5q"}"#, settings(), "Invalid suffix: \"q\""),
        (r#"{"ttl":"-1"}"#, settings(), "Invalid value: -1"),
        (
            r#"{"conf":{"spark.master":"x"}}"#,
            settings(),
            "Blacklisted configuration values in session config: spark.master",
        ),
        (r#"{"jars":["/%zz"]}"#, settings(), "java.net.URISyntaxException: Malformed escape pair at index 1: /%zz"),
        (r#"{"jars":["a.jar"]}"#, settings(), "requirement failed: Path 'a.jar' is not absolute."),
        (r#"{"conf":{"spark.jars":"a b"}}"#, settings(), "requirement failed: Path 'a' is not absolute."),
        (r#"{"jars":["a b"]}"#, settings(), "java.net.URISyntaxException: Illegal character in path at index 1: a b"),
        (
            r#"{"jars":["http://a b"]}"#,
            settings(),
            "java.net.URISyntaxException: Illegal character in authority at index 7: http://a b",
        ),
        (
            r#"{"files":["/data/shared/../secret"]}"#,
            local.clone(),
            "requirement failed: Local path /data/shared/../secret cannot be added to user sessions.",
        ),
        (
            r#"{"conf":{"spark.submit.pyFiles":"file:///etc/a.py"}}"#,
            local.clone(),
            "requirement failed: Local path /etc/a.py cannot be added to user sessions.",
        ),
    ] {
        let session = new_session(body.as_bytes(), &settings).unwrap();
        assert_eq!(check_session(&session, &settings), Err(LivyError::rejected(reason)), "{body}");
    }
    for body in [
        "{}",
        r#"{"name":"a1","ttl":"8h","idleTimeout":"500"}"#,
        r#"{"jars":["/data/shared/a.jar","file:/data/shared/./b.jar","hdfs:///c.jar","https://h/d.jar",""]}"#,
        r#"{"archives":["/data/shared/a.zip#env"]}"#,
    ] {
        assert_eq!(check_session(&new_session(body.as_bytes(), &local).unwrap(), &local), Ok(()), "{body}");
    }
}

#[test]
fn a_batch_needs_a_file() {
    let check = |body: &str| check_batch(&new_batch(body.as_bytes(), &settings()).unwrap(), &settings());
    for body in ["{}", r#"{"file":null}"#, r#"{"file":""}"#] {
        assert_eq!(check(body), Err(LivyError::rejected("requirement failed: File is required.")));
    }
    assert_eq!(check(r#"{"file":"a"}"#), Err(LivyError::rejected("requirement failed: Path 'a' is not absolute.")));
    assert_eq!(check(r#"{"file":"/a","name":"77"}"#), Err(LivyError::rejected("Invalid session name: 77")));
    assert_eq!(check(r#"{"file":"/a.py","args":["a",1,true,null]}"#), Ok(()));
    let batch = new_batch(br#"{"file":"/a.py","args":["a",1,true,null],"className":5}"#, &settings()).unwrap();
    assert_eq!((batch.args, batch.class_name.as_deref()), (vec!["a".into(), "1".into(), "true".into()], Some("5")));
}

#[test]
fn files_of_settings_join_those_of_the_request() {
    let body = br#"{"jars":["/a.jar",""],"conf":{"spark.jars":"/b.jar, /c.jar,","spark.yarn.dist.archives":"/d.zip#e",
        "spark.submit.pyFiles":"/f.py","x":"y"}}"#;
    let session = new_session(body, &settings()).unwrap();
    let merged = merged(&session.resources);
    assert_eq!(merged.jars, ["/a.jar", "/b.jar", "/c.jar"]);
    assert_eq!((merged.archives, merged.py_files), (vec!["/d.zip#e".to_owned()], vec!["/f.py".to_owned()]));
    assert_eq!(merged.conf.into_iter().collect::<Vec<_>>(), [("x".to_owned(), "y".to_owned())]);
    assert_eq!(session.resources.jars, ["/a.jar", ""]);
}

#[test]
fn an_added_file_is_one_that_sessions_may_use() {
    let local = LivySettings { local_folders: vec!["/data".into()], ..settings() };
    assert_eq!(uri_request(br#"{"uri":"/data/a.py"}"#, &local).as_deref(), Ok("/data/a.py"));
    assert_eq!(check_uri("/x", &local), Err(LivyError::requirement("Local path /x cannot be added to user sessions.")));
    assert_eq!(uri_request(br#"{"uri":""}"#, &local).as_deref(), Ok(""));
    assert_eq!(check_uri("", &local), Err(LivyError::requirement("Path '' is not absolute.")));
    assert_eq!(check_uri("/data/a.py", &local), Ok(()));
    assert_eq!(uri_request(b"{}", &local), Err(LivyError::requirement("no uri provided.")));
}

#[test]
fn digits_are_an_id_and_all_else_a_name() {
    assert_eq!(Reference::read("12"), Ok(Reference::Id(12)));
    assert_eq!(Reference::read("-1"), Ok(Reference::Name("-1".to_owned())));
    assert_eq!(Reference::read("a1"), Ok(Reference::Name("a1".to_owned())));
    assert_eq!(Reference::read("99999999999"), Err(LivyError::no_number("99999999999")));
}

#[test]
fn pages_are_cut_as_scala_cuts() {
    let page = |query: &str| Page::read(&format!("/sessions?{query}").parse::<Uri>().unwrap());
    for (query, from, slice) in [
        ("", 0, 0..100),
        ("from=10&size=5", 10, 10..15),
        ("from=-1&size=3", -1, 0..2),
        ("from=-1&size=-2", -1, 0..0),
        ("from=245", 245, 245..250),
        ("from=300", 300, 250..250),
        ("from=2147483647&size=2147483647", i32::MAX, 250..250),
        ("size=1&size=2&other=x", 0, 0..1),
    ] {
        assert_eq!(page(query).unwrap().of_sessions(250), (from, slice), "{query}");
    }
    for (query, from, slice) in [
        ("", 150, 150..250),
        ("size=-1", 0, 0..250),
        ("from=0", 0, 0..100),
        ("from=5&size=2", 5, 5..7),
        ("size=10", 240, 240..250),
    ] {
        assert_eq!(page(query).unwrap().of_log(250), (from, slice), "{query}");
    }
    assert_eq!(page("").unwrap().of_statements(250), 0..250);
    assert_eq!(page("from=3&size=2").unwrap().of_statements(4), 3..4);
    for (query, text) in
        [("from=x", "x"), ("from=", ""), ("size=1.5", "1.5"), ("from=+1", " 1"), ("size=2147483648", "2147483648")]
    {
        assert_eq!(page(query), Err(LivyError::no_number(text)), "{query}");
    }
    let order = |query: &str| is_descending(&format!("/x?{query}").parse::<Uri>().unwrap());
    assert!(order("order=desc") && order("order=%20DESC") && !order("order=asc") && !order(""));
}

/// Bodies that are nearly right.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let seed = br#"{"kind":"pyspark","jars":["/a",1],"conf":{"a":"b"},"heartbeatTimeoutInSecond":"5","code":"1\u00e9","cursor":1e3}"#;
    (prop::collection::vec((0..seed.len(), any::<u8>(), 0..3_u8), 0..6)).prop_map(move |edits| {
        let mut body = seed.to_vec();
        for (at, byte, what) in edits {
            let at = at.min(body.len().saturating_sub(1));
            match what {
                0 if !body.is_empty() => body[at] = byte,
                1 => body.insert(at, byte),
                _ => body.truncate(at),
            }
        }
        body
    })
}

fn never_fails(body: &[u8]) -> Result<(), TestCaseError> {
    for lenient in [false, true] {
        let settings = LivySettings { ignore_unknown_fields: lenient, ..settings() };
        for class in CLASSES {
            if let Some(error) = refusal(class, body, &settings) {
                let status = error.into_response().status();
                prop_assert!(status.is_client_error(), "{class}: {status}");
            }
        }
        if let Ok(session) = new_session(body, &settings) {
            let _ = check_session(&session, &settings);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        never_fails(&body)?;
    }

    #[test]
    fn any_mutation_is_read_or_refused(body in mutated()) {
        never_fails(&body)?;
    }

    #[test]
    fn what_serde_reads_as_an_object_is_no_syntax_error(text in "\\PC{0,40}", number in any::<f64>(), list in prop::collection::vec("\\PC{0,9}", 0..4)) {
        let body = serde_json::json!({ "code": text, "a": number, "b": list, "c": { "d": [null, true] } }).to_string();
        let lenient = LivySettings { ignore_unknown_fields: true, ..settings() };
        prop_assert_eq!(new_statement(body.as_bytes(), &lenient).unwrap().code, text);
    }

    #[test]
    fn any_query_is_read_or_refused(from in "\\PC{0,12}", count in 0..1_000_usize) {
        let mut query = String::new();
        for byte in from.bytes() {
            query.push_str(&format!("%{byte:02x}"));
        }
        let uri: Uri = format!("/x?from={query}&size={query}").parse().unwrap();
        if let Ok(page) = Page::read(&uri) {
            for slice in [page.of_sessions(count).1, page.of_statements(count), page.of_log(count).1] {
                prop_assert!(slice.start <= slice.end && slice.end <= count);
            }
        }
        let _ = Reference::read(&from);
    }
}

#[test]
fn depth_is_bounded() {
    for body in [
        "[".repeat(100_000),
        format!("{{\"x\":{}", "[".repeat(100_000)),
        format!("{{\"conf\":{}", "{\"a\":".repeat(9_999)),
    ] {
        let lenient = LivySettings { ignore_unknown_fields: true, ..settings() };
        assert!(new_session(body.as_bytes(), &lenient).is_err());
    }
}
