//! The history of operations, of all doors.

use hearth_base::clock::EpochMillis;
use hearth_base::{OperationId, PrincipalId, SessionId};

use crate::OperationState;
use crate::store::OperationRecord;

/// Which operations are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Empty: all.
    pub principals: Vec<PrincipalId>,
    pub session: Option<SessionId>,
    /// Empty: all.
    pub states: Vec<OperationState>,
    /// Empty: all.
    pub ids: Vec<OperationId>,
    /// Empty: all, with or without a warehouse.
    pub warehouses: Vec<String>,
    pub submitted_from: Option<EpochMillis>,
    pub submitted_until: Option<EpochMillis>,
    /// At most so many; 0 means the store's default of 100.
    pub limit: usize,
    /// Where the last page ended.
    pub after: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryPage {
    pub operations: Vec<OperationRecord>,
    /// Pass as `after` to go on; `None` at the end.
    pub next: Option<String>,
}
