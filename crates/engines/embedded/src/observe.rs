//! `observe`: metrics of the rows that passed, sent when the query has ended.

use bytes::Bytes;
use hearth_analyzer::ObservedMetrics;
use hearth_base::Result;
use hearth_core::ResultWriter;
use hearth_plan::to_proto;
use hearth_proto::connect as pb;
use prost::Message;

use crate::execute::Query;
use crate::session::EmbeddedSession;
use crate::value;

/// Computes the metrics and writes one answer for each name.
pub async fn answer(session: &EmbeddedSession, metrics: &[ObservedMetrics], writer: &mut ResultWriter) -> Result<()> {
    for observed in metrics {
        let query = Query::prepare(&session.shared.datafusion, &observed.plan).await?;
        let batches = query.collect().await?;
        let row = value::first_row(&observed.schema, &batches)?;
        let metrics = pb::execute_plan_response::ObservedMetrics {
            name: observed.name.clone(),
            keys: observed.schema.fields.iter().map(|field| field.name.to_string()).collect(),
            values: row.iter().map(to_proto::literal).collect(),
            ..Default::default()
        };
        let response = pb::ExecutePlanResponse { observed_metrics: vec![metrics], ..Default::default() };
        writer.answer(Bytes::from(response.encode_to_vec())).await?;
    }
    Ok(())
}
