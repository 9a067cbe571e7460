//! Tries the host with real programs.
use hearth_base::SessionId;
use hearth_core::Principal;
use hearth_core::interpreter::*;
use hearth_interpreters::*;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
#[derive(Debug)]
struct A(String);
impl SessionAccess for A {
    fn grant(&self, _: &Principal, s: &SessionId) -> hearth_base::Result<String> {
        Ok(format!("{}/;session_id={s};user_id=ada", self.0))
    }
    fn withdraw(&self, _: &Principal, _: &SessionId) {}
}
#[tokio::main]
async fn main() {
    let mut a = std::env::args().skip(1);
    let remote = a.next().unwrap();
    let python = a.next().unwrap();
    let folder = a.next().unwrap();
    let lang = a.next().unwrap_or("python".into());
    let mut settings = InterpreterSettings {
        folder: folder.into(),
        python: python.into(),
        start_timeout: Duration::from_secs(180),
        ..Default::default()
    };
    if std::env::var_os("BWRAP").is_some() {
        settings.sandbox = Sandbox::Bubblewrap;
    }
    if std::env::var_os("NOPOOL").is_some() {
        settings.pool = 0;
    }
    let host = Interpreters::new(settings, Arc::new(A(remote)), tokio::runtime::Handle::current()).unwrap();
    for r in host.report().await {
        println!("{r:?}");
    }
    let mut conf = vec![];
    if let Ok(r) = std::env::var("REQ") {
        conf.push(("hearth.python.requirements".to_owned(), r));
    }
    let spec = || InterpreterSpec {
        language: Language::from_name(&lang).unwrap(),
        principal: Principal::named("ada"),
        session: SessionId::random(),
        name: "t".into(),
        conf: conf.clone(),
        dependencies: vec![],
        run_as: std::env::var("RUN_AS").ok(),
    };
    let codes: Vec<String> = a.collect();
    for round in 0..4 {
        let t = Instant::now();
        let i = match host.start(spec()).await {
            Ok(i) => i,
            Err(e) => {
                println!("start: {e}");
                break;
            }
        };
        println!("round {round}: bound after {:?} {}", t.elapsed(), i.handle());
        let h: serde_json::Value = serde_json::from_str(&i.handle()).unwrap();
        for (n, code) in codes.iter().enumerate() {
            let t = Instant::now();
            let r = i.run(n as u64 + 1, CodeRequest::Execute { code: code.clone() }, &CancellationToken::new()).await;
            println!("  {code:?} {:?} {r:?}", t.elapsed());
        }
        let t = Instant::now();
        for n in 0..100 {
            i.run(1000 + n, CodeRequest::Execute { code: "1+1".into() }, &CancellationToken::new()).await.unwrap();
        }
        println!("  1+1: {:?} each", t.elapsed() / 100);
        let cancel = CancellationToken::new();
        let t = Instant::now();
        let (r, ()) = tokio::join!(
            i.run(
                2000,
                CodeRequest::Execute {
                    code: if lang == "r" {
                        "Sys.sleep(100)"
                    } else if lang == "scala" {
                        "Thread.sleep(100000)"
                    } else {
                        "import time; time.sleep(100)"
                    }
                    .into()
                },
                &cancel
            ),
            async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                cancel.cancel();
            }
        );
        println!("  cancel: {:?} {r:?}", t.elapsed());
        println!("  {:?}", i.complete("spa", 3).await);
        let s = std::fs::read_to_string(format!("/proc/{}/status", h["pid"])).unwrap_or_default();
        println!("  {:?}", s.lines().find(|l| l.starts_with("VmRSS")));
        println!("  log {:?}", i.log(5).await);
        tokio::time::sleep(Duration::from_secs(if round < 2 { 4 } else { 0 })).await;
        let t = Instant::now();
        i.stop().await;
        println!("  stop {:?}", t.elapsed());
    }
    host.shutdown(false).await;
}
