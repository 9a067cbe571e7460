//! From logical plans to those that run: our own nodes, operands that are computed where they count, and all else as
//! DataFusion does.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result as DfResult;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};

use crate::lazy_operands;
use crate::observe::Observations;
use crate::shell::Scripts;

#[derive(Debug)]
pub struct Planner {
    /// `engine.transform_scripts`
    pub transform_scripts: bool,
}

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let scripts = Scripts { allowed: self.transform_scripts };
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Observations), Arc::new(scripts)]);
        let plan = lazy_operands::rewritten(plan.clone())?;
        planner.create_physical_plan(&plan, session).await
    }
}
