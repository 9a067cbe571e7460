//! Settings of a session: Config.

use hearth_base::Result;
use hearth_core::engine::{ConfigAnswer, ConfigRequest};
use hearth_proto::connect as pb;
use pb::config_request::operation::OpType;
use pb::config_request::{Get, GetAll, GetOption, GetWithDefault, IsModifiable, Operation, Set, Unset};

use crate::link::Link;

type Pairs = Vec<(String, Option<String>)>;

impl Link {
    pub async fn config(&self, request: ConfigRequest) -> Result<ConfigAnswer> {
        let request = pb::ConfigRequest {
            session_id: self.session.clone(),
            client_observed_server_side_session_id: self.observed(),
            user_context: self.user_context(),
            operation: Some(Operation { op_type: Some(operation(request)) }),
            client_type: self.client_type(),
        };
        match self.upstream.config(request).await {
            Ok(response) => {
                self.saw(&response.server_side_session_id);
                let pairs = response.pairs.into_iter().map(|pair| (pair.key, pair.value)).collect();
                Ok(ConfigAnswer { pairs, warnings: response.warnings })
            }
            Err(failure) => Err(self.error(failure).await),
        }
    }
}

fn operation(request: ConfigRequest) -> OpType {
    match request {
        ConfigRequest::Set { pairs, silent } => {
            OpType::Set(Set { pairs: key_values(pairs), silent: silent.then_some(true) })
        }
        ConfigRequest::Get { keys } => OpType::Get(Get { keys }),
        ConfigRequest::GetWithDefault { pairs } => OpType::GetWithDefault(GetWithDefault { pairs: key_values(pairs) }),
        ConfigRequest::GetOption { keys } => OpType::GetOption(GetOption { keys }),
        ConfigRequest::GetAll { prefix } => OpType::GetAll(GetAll { prefix }),
        ConfigRequest::Unset { keys } => OpType::Unset(Unset { keys }),
        ConfigRequest::IsModifiable { keys } => OpType::IsModifiable(IsModifiable { keys }),
    }
}

fn key_values(pairs: Pairs) -> Vec<pb::KeyValue> {
    pairs.into_iter().map(|(key, value)| pb::KeyValue { key, value }).collect()
}
