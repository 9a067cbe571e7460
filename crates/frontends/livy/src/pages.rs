//! Pages for people: sessions, batches and their logs.
//!
//! A page is whole in itself and reads the JSON API like any other client: who may not see a log there does not see it
//! here. `base` is where the door stands: `""` or `"/livy"`.

const PAGE: &str = include_str!("pages/page.html");
const OVERVIEW: &str = include_str!("pages/overview.js");
const SESSION: &str = include_str!("pages/session.js");
const LOG: &str = include_str!("pages/log.js");

/// All sessions and batches.
pub(crate) fn overview(base: &str) -> String {
    page(base, "Sessions and batches", "", OVERVIEW)
}

/// A session and its statements.
pub(crate) fn session(base: &str, id: &str) -> String {
    page(base, &format!("Session {id}"), id, SESSION)
}

pub(crate) fn session_log(base: &str, id: &str) -> String {
    page(base, &format!("Log of session {id}"), id, &format!("const what = \"sessions\";\n{LOG}"))
}

pub(crate) fn batch_log(base: &str, id: &str) -> String {
    page(base, &format!("Log of batch {id}"), id, &format!("const what = \"batches\";\n{LOG}"))
}

/// What comes from a request stands in text and in quoted attributes only, and is filled in after the script.
fn page(base: &str, title: &str, id: &str, script: &str) -> String {
    let mut page = String::with_capacity(PAGE.len() + script.len());
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else { break };
        match name {
            "title" => page.push_str(&escape(title)),
            "base" => page.push_str(&escape(base)),
            "id" => page.push_str(&escape(id)),
            "script" => page.push_str(script),
            _ => {}
        }
        rest = behind;
    }
    page.push_str(rest);
    page
}

/// Text as it stands in a page, between tags or in a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(base: &str, id: &str) -> [String; 4] {
        [overview(base), session(base, id), session_log(base, id), batch_log(base, id)]
    }

    #[test]
    fn pages_are_whole_and_ask_nobody_else() {
        for page in all("/livy", "7") {
            assert!(page.contains("data-base=\"/livy\"") && page.contains("href=\"/livy/ui/\""), "{page}");
            assert!(page.ends_with("</html>\n") && !page.contains("{{"), "{page}");
            for foreign in ["http://", "https://", "//cdn", "src=\"", "innerHTML", "document.write", "eval("] {
                assert!(!page.contains(foreign), "{foreign}");
            }
        }
        assert!(session("", "7").contains("data-base=\"\" data-id=\"7\""));
        assert!(session_log("", "7").contains("const what = \"sessions\""));
        assert!(batch_log("", "7").contains("const what = \"batches\""));
    }

    #[test]
    fn a_name_with_markup_is_shown_and_not_run() {
        for page in all("", "\"><script>alert('{{script}}')</script>").into_iter().skip(1) {
            assert!(
                page.contains("data-id=\"&quot;&gt;&lt;script&gt;alert(&#39;{{script}}&#39;)&lt;/script&gt;\""),
                "{page}"
            );
            assert_eq!(page.matches("<script").count(), 2);
        }
    }

    proptest! {
        #[test]
        fn no_id_brings_markup(id in "\\PC{0,30}") {
            let (plain, page) = (session("", ""), session("", &id));
            for tag in ["<", ">", "\""] {
                prop_assert_eq!(page.matches(tag).count(), plain.matches(tag).count());
            }
        }
    }
}
