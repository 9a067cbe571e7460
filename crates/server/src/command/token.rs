//! `hearth token`: works on the database directly, also beside a running server.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use hearth_base::Clock;
use hearth_core::MetadataStore;
use tokio::runtime::Builder;

use super::QUIET;
use crate::cli::{CommonArguments, TokenCommand};
use crate::compose::open_metadata;
use crate::config::{Config, RawConfig};
use crate::{logging, settings};

pub fn token(command: TokenCommand) -> Result<ExitCode> {
    Builder::new_current_thread().enable_all().build()?.block_on(run(command))
}

async fn run(command: TokenCommand) -> Result<ExitCode> {
    match command {
        TokenCommand::Create { common, user, comment, expires } => {
            let lifetime =
                expires.as_deref().map(settings::parse_duration).transpose().map_err(|text| anyhow!(text))?;
            let store = open(common).await?;
            let token = hearth_auth::create_token(store.as_ref(), &Clock::system(), &user, &comment, lifetime).await?;
            eprintln!("Token {} of {user}. It is shown this once:", token.record.id);
            println!("{}", token.secret);
            store.close().await;
        }
        TokenCommand::List { common } => {
            let store = open(common).await?;
            println!("{:<10} {:<24} {:<22} {:<22} COMMENT", "ID", "USER", "CREATED", "EXPIRES");
            for token in store.tokens().await? {
                let expires = token.expires_at.map_or_else(|| "never".to_owned(), time_text);
                let created = time_text(token.created_at);
                let user = token.principal.as_str();
                println!("{:<10} {user:<24} {created:<22} {expires:<22} {}", token.id, token.comment);
            }
            store.close().await;
        }
        TokenCommand::Delete { common, id } => {
            let store = open(common).await?;
            let was_there = store.delete_token(&id).await?;
            store.close().await;
            if !was_there {
                return Err(anyhow!("there is no token {id}"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(common: CommonArguments) -> Result<std::sync::Arc<dyn MetadataStore>> {
    let config = Config::resolve(RawConfig::gather_common(common))?;
    logging::start(QUIET, config.log_format)?;
    open_metadata(&config).await
}

fn time_text(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(millis)
        .map_or_else(|| "?".to_owned(), |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}
