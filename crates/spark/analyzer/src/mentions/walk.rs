//! The walk over relations and expressions. Exhaustive: a new node does not compile until it says what it holds.

use hearth_functions::lookup;
use hearth_plan::catalog::TableChange;
use hearth_plan::command::InsertMode;
use hearth_plan::expression::{FrameBound, MergeAction, SortOrder, Subquery, SubqueryKind, SubquerySource, WindowSpec};
use hearth_plan::relation::{
    Grouping, GroupingItem, GroupingSet, JoinConstraint, NameForm, NamedTable, SampleMethod, SqlText, TimeTravel,
};
use hearth_plan::{CatalogOp, Command, Expr, ExprNode, Plan, Relation, RelationNode as Node};
use hearth_sql::Dialect;
use hearth_types::Value;

use super::{LocalMention, MentionOptions, Mentions, TableMention};
use crate::scope::same_name;
use crate::view::{TableKey, local_key};

pub(super) struct Walk<'o> {
    options: &'o MentionOptions,
    /// Names of common table expressions in force.
    ctes: Vec<String>,
    /// Values for parameters of the SQL text being read.
    pub mentions: Mentions,
}

impl<'o> Walk<'o> {
    pub fn new(options: &'o MentionOptions) -> Self {
        Self { options, ctes: Vec::new(), mentions: Mentions::default() }
    }

    pub fn relation(&mut self, relation: &Relation) {
        stacker::maybe_grow(256 * 1024, 4 * 1024 * 1024, || self.node(&relation.node));
    }

    #[expect(clippy::too_many_lines, reason = "the dispatch: one arm per node")]
    fn node(&mut self, node: &Node) {
        match node {
            Node::NamedTable(table) => self.table(table),
            Node::DataSource(source) => {
                if !self.mentions.sources.contains(source) {
                    self.mentions.sources.push(source.clone());
                }
            }
            Node::CachedLocalRelation { hash } => self.local(std::slice::from_ref(hash), None, false),
            Node::ChunkedCachedLocalRelation { data_hashes, schema_hash } => {
                self.local(data_hashes, schema_hash.as_deref(), true);
            }
            Node::CachedRemoteRelation { relation_id } => self.mentions.remote.push(relation_id.clone()),
            Node::InlineTable { rows } => rows.iter().for_each(|row| self.expressions(row)),
            Node::TableFunction(function) => {
                match &function.name.form {
                    NameForm::Plain(name) => self.function(name),
                    NameForm::Identifier(name) => {
                        self.expression(name);
                        let parsed = self.text(name).map(|text| hearth_sql::parse_multipart_identifier(&text));
                        if let Some(Ok(name)) = parsed {
                            self.function(&name);
                        }
                    }
                }
                self.expressions(&function.arguments);
            }
            Node::Sql(text) => self.sql(text),
            Node::LocalRelation { .. }
            | Node::Range { .. }
            | Node::OneRow
            | Node::RelationChanges { .. }
            | Node::InlineDataSource { .. }
            | Node::Ml { .. }
            | Node::Extension { .. }
            | Node::Unknown => {}
            Node::Project { input, expressions } => self.input(input, expressions),
            Node::Filter { input, condition }
            | Node::Having { input, condition }
            | Node::Qualify { input, condition } => self.input(input, std::slice::from_ref(condition)),
            Node::WithColumns { input, columns } => {
                self.relation(input);
                columns.iter().for_each(|(_, expr, _)| self.expression(expr));
            }
            Node::Drop { input, columns, .. } => self.input(input, columns),
            Node::WithColumnsRenamed { input, .. }
            | Node::ToDf { input, .. }
            | Node::ToSchema { input, .. }
            | Node::Parse { input, .. }
            | Node::WithWatermark { input, .. }
            | Node::Distinct { input }
            | Node::Deduplicate { input, .. }
            | Node::Repartition { input, .. }
            | Node::FillNa { input, .. }
            | Node::DropNa { input, .. }
            | Node::Replace { input, .. }
            | Node::Summary { input, .. }
            | Node::Describe { input, .. }
            | Node::Crosstab { input, .. }
            | Node::Cov { input, .. }
            | Node::Corr { input, .. }
            | Node::ApproxQuantile { input, .. }
            | Node::FreqItems { input, .. }
            | Node::ShowString { input, .. }
            | Node::HtmlString { input, .. }
            | Node::ApplyInPandasWithState { input }
            | Node::SubqueryAlias { input, .. } => self.relation(input),
            Node::Unpivot(unpivot) => {
                self.relation(&unpivot.input);
                self.expressions(unpivot.ids.as_deref().unwrap_or_default());
                for value in unpivot.values.iter().flatten() {
                    self.expressions(&value.expressions);
                }
            }
            Node::Transpose { input, index } => self.input(input, index),
            Node::ScriptTransform(transform) => self.relation(&transform.input),
            Node::LateralView(view) => self.input(&view.input, std::slice::from_ref(&view.generator)),
            Node::WithCte { input, ctes, recursive } => self.with_cte(input, ctes, *recursive),
            Node::WithWindows { input, windows } => {
                self.relation(input);
                windows.iter().for_each(|(_, spec)| self.window(spec));
            }
            Node::WithRelations { root, references } => {
                references.iter().for_each(|reference| self.relation(reference));
                let before = self.ctes.len();
                self.ctes.extend(references.iter().filter_map(|reference| match &reference.node {
                    Node::SubqueryAlias { alias, .. } => Some(alias.clone()),
                    _ => None,
                }));
                self.relation(root);
                self.ctes.truncate(before);
            }
            Node::Hint { input, parameters, .. } => {
                self.relation(input);
                let _ = parameters;
            }
            Node::CollectMetrics { input, metrics, .. } => self.input(input, metrics),
            Node::Join(join) => {
                self.relation(&join.left);
                self.relation(&join.right);
                match &join.constraint {
                    JoinConstraint::On(condition) => self.expression(condition),
                    JoinConstraint::None | JoinConstraint::Using(_) | JoinConstraint::Natural => {}
                }
            }
            Node::AsOfJoin(join) => {
                self.relation(&join.left);
                self.relation(&join.right);
            }
            Node::NearestByJoin(join) => {
                self.relation(&join.left);
                self.relation(&join.right);
            }
            Node::SetOp(operation) => {
                self.relation(&operation.left);
                self.relation(&operation.right);
            }
            Node::Aggregate { input, grouping, expressions } => {
                self.input(input, expressions);
                self.grouping(grouping);
            }
            Node::Pivot(pivot) => {
                self.input(&pivot.input, &pivot.aggregates);
                self.expressions(pivot.grouping.as_deref().unwrap_or_default());
                self.expressions(&pivot.columns);
            }
            Node::Sort { input, order, .. } => {
                self.relation(input);
                self.orders(order);
            }
            Node::SortAll { input, .. } => self.relation(input),
            Node::Limit { input, limit } | Node::Tail { input, limit } => {
                self.input(input, std::slice::from_ref(limit))
            }
            Node::Offset { input, offset } => self.input(input, std::slice::from_ref(offset)),
            Node::Sample(sample) => {
                self.relation(&sample.input);
                match &sample.method {
                    SampleMethod::Rows(rows) => self.expression(rows),
                    SampleMethod::Fraction { .. } | SampleMethod::Bucket { .. } => {}
                }
            }
            Node::RepartitionByExpression { input, expressions, .. } => self.input(input, expressions),
            Node::SampleBy { input, column, .. } => self.input(input, std::slice::from_ref(column)),
            Node::MapPartitions { input, .. } => self.relation(input),
            Node::GroupMap(map) => self.input(&map.input, &map.grouping),
            Node::CoGroupMap(map) => {
                self.relation(&map.left);
                self.relation(&map.right);
            }
            Node::InlineTableFunction { arguments, .. } => self.expressions(arguments),
            Node::Catalog(operation) => self.catalog(operation),
            Node::Command(command) => self.command(command),
        }
    }

    fn input(&mut self, input: &Relation, expressions: &[Expr]) {
        self.relation(input);
        self.expressions(expressions);
    }

    fn table(&mut self, table: &NamedTable) {
        if let Some(TimeTravel::Timestamp(expr)) = &table.travel {
            self.expression(expr);
        }
        let name = match &table.name.form {
            NameForm::Plain(name) => name.clone(),
            NameForm::Identifier(expr) => {
                match self.text(expr).and_then(|text| hearth_sql::parse_multipart_identifier(&text).ok()) {
                    Some(name) => name,
                    None => {
                        self.mentions.computed_names += 1;
                        return;
                    }
                }
            }
        };
        if let [only] = name.as_slice()
            && self.ctes.iter().any(|cte| same_name(cte, only, false))
        {
            return;
        }
        let key = TableKey::new(table, &name, &self.options.place, self.options.case_sensitive);
        if !self.mentions.tables.iter().any(|known| known.key == key) {
            self.mentions.tables.push(TableMention { key, name, table: table.clone() });
        }
    }

    /// The text of a constant.
    fn text(&self, expr: &Expr) -> Option<String> {
        match &expr.node {
            ExprNode::Literal(Value::String(text)) => Some(text.to_string()),
            ExprNode::Function(call) => {
                let name = call.name.last()?.to_lowercase();
                if name != "||" && name != "concat" {
                    return None;
                }
                call.arguments.iter().map(|argument| self.text(argument)).collect()
            }
            _ => None,
        }
    }

    fn local(&mut self, data_hashes: &[String], schema_hash: Option<&str>, is_chunked: bool) {
        let mention = LocalMention {
            key: local_key(data_hashes, schema_hash),
            data_hashes: data_hashes.to_vec(),
            schema_hash: schema_hash.map(str::to_owned),
            is_chunked,
        };
        if !self.mentions.local.contains(&mention) {
            self.mentions.local.push(mention);
        }
    }

    fn sql(&mut self, text: &SqlText) {
        let setting = |key: &str| self.options.config.get(key).map(String::as_str);
        let Ok(plan) = hearth_sql::parse_bound_in(text, setting) else { return };
        text.named.iter().for_each(|(_, value)| self.expression(value));
        self.expressions(&text.positional);
        self.plan(&plan);
    }

    fn plan(&mut self, plan: &Plan) {
        match plan {
            Plan::Relation(relation) => self.relation(relation),
            Plan::Command(command) => self.command(command),
        }
    }

    fn with_cte(&mut self, input: &Relation, ctes: &[hearth_plan::relation::Cte], recursive: bool) {
        let before = self.ctes.len();
        for cte in ctes {
            if recursive {
                self.ctes.push(cte.name.clone());
            }
            self.relation(&cte.query);
            if !recursive {
                self.ctes.push(cte.name.clone());
            }
        }
        self.relation(input);
        self.ctes.truncate(before);
    }

    fn grouping(&mut self, grouping: &Grouping) {
        match grouping {
            Grouping::All => {}
            Grouping::Items(items) => items.iter().for_each(|item| self.grouping_item(item)),
        }
    }

    fn grouping_item(&mut self, item: &GroupingItem) {
        match item {
            GroupingItem::Expr(expr) => self.expression(expr),
            GroupingItem::Rollup(groups) | GroupingItem::Cube(groups) => {
                groups.iter().for_each(|group| self.expressions(group));
            }
            GroupingItem::Sets { sets, expressions } => {
                self.expressions(expressions);
                for set in sets {
                    match set {
                        GroupingSet::Set(keys) => self.expressions(keys),
                        GroupingSet::Nested(item) => self.grouping_item(item),
                    }
                }
            }
        }
    }

    fn window(&mut self, spec: &WindowSpec) {
        self.expressions(&spec.partition);
        self.orders(&spec.order);
        if let Some(frame) = &spec.frame {
            for bound in [&frame.lower, &frame.upper] {
                match bound {
                    FrameBound::Offset(offset) => self.expression(offset),
                    FrameBound::CurrentRow | FrameBound::UnboundedPreceding | FrameBound::UnboundedFollowing => {}
                }
            }
        }
    }

    fn orders(&mut self, orders: &[SortOrder]) {
        orders.iter().for_each(|order| self.expression(&order.child));
    }

    fn expressions(&mut self, expressions: &[Expr]) {
        expressions.iter().for_each(|expr| self.expression(expr));
    }

    fn expression(&mut self, expr: &Expr) {
        stacker::maybe_grow(256 * 1024, 4 * 1024 * 1024, || self.expression_node(&expr.node));
    }

    fn expression_node(&mut self, node: &ExprNode) {
        match node {
            ExprNode::Literal(_)
            | ExprNode::TypedLiteral { .. }
            | ExprNode::Attribute { .. }
            | ExprNode::Star { .. }
            | ExprNode::Regex { .. }
            | ExprNode::LambdaVariable { .. }
            | ExprNode::NamedParameter(_)
            | ExprNode::PositionalParameter(_)
            | ExprNode::Default
            | ExprNode::TypedAggregate
            | ExprNode::Extension(_) => {}
            ExprNode::Function(call) => {
                self.function(&call.name);
                self.expressions(&call.arguments);
                call.filter.iter().for_each(|filter| self.expression(filter));
                self.orders(&call.within_group);
            }
            ExprNode::Alias { expr, .. } | ExprNode::Cast { expr, .. } | ExprNode::DirectShufflePartitionId(expr) => {
                self.expression(expr);
            }
            ExprNode::SortOrder(order) => self.expression(&order.child),
            ExprNode::Lambda { body, .. } => self.expression(body),
            ExprNode::Window(window) => {
                self.expression(&window.function);
                self.window(&window.spec);
            }
            ExprNode::Extract { child, extraction } => {
                self.expression(child);
                self.expression(extraction);
            }
            ExprNode::UpdateField { structure, value, .. } => {
                self.expression(structure);
                value.iter().for_each(|value| self.expression(value));
            }
            ExprNode::Subquery(subquery) => self.subquery(subquery),
            ExprNode::NamedArgument { value, .. } => self.expression(value),
            ExprNode::SqlText(text) => {
                if let Ok(parsed) =
                    Dialect::of(|key| self.options.config.get(key).map(String::as_str)).parse_expression(text)
                {
                    self.expression(&parsed);
                }
            }
            ExprNode::Identifier { name, arguments } => {
                self.expression(name);
                self.expressions(arguments.as_deref().unwrap_or_default());
                if let (Some(_), Some(text)) = (arguments, self.text(name))
                    && let Ok(name) = hearth_sql::parse_multipart_identifier(&text)
                {
                    self.function(&name);
                }
            }
            ExprNode::InlineUdf(function) => self.expressions(&function.arguments),
            ExprNode::MergeAction(action) => self.merge_action(action),
        }
    }

    fn merge_action(&mut self, action: &MergeAction) {
        action.condition.iter().for_each(|condition| self.expression(condition));
        for (target, value) in &action.assignments {
            self.expression(target);
            self.expression(value);
        }
    }

    fn subquery(&mut self, subquery: &Subquery) {
        match &subquery.source {
            SubquerySource::Inline(relation) => self.relation(relation),
            // The relation stands among the references of a node above, which is walked there.
            SubquerySource::PlanId(_) => {}
        }
        match &subquery.kind {
            SubqueryKind::In { values } => self.expressions(values),
            SubqueryKind::Scalar | SubqueryKind::Exists => {}
            SubqueryKind::TableArgument { partition, order, .. } => {
                self.expressions(partition);
                self.orders(order);
            }
        }
    }

    fn function(&mut self, name: &[String]) {
        if let [only] = name
            && lookup(only).is_some()
        {
            return;
        }
        if !self.mentions.functions.iter().any(|known| known == name) {
            self.mentions.functions.push(name.to_vec());
        }
    }

    pub fn command(&mut self, command: &Command) {
        match command {
            Command::Sql { text, input } => {
                input.iter().for_each(|input| self.relation(input));
                self.sql(text);
            }
            Command::Catalog(operation) => self.catalog(operation),
            Command::CreateView(view) => self.relation(&view.query),
            Command::Write(write) => self.relation(&write.input),
            Command::WriteV2(write) => self.relation(&write.input),
            Command::Insert(insert) => {
                self.relation(&insert.query);
                match &insert.mode {
                    InsertMode::ReplaceWhere(condition) => self.expression(condition),
                    InsertMode::Append | InsertMode::Overwrite => {}
                }
            }
            Command::Delete { condition, .. } => condition.iter().for_each(|condition| self.expression(condition)),
            Command::Update { assignments, condition, .. } => {
                assignments.iter().for_each(|(_, value)| self.expression(value));
                condition.iter().for_each(|condition| self.expression(condition));
            }
            Command::MergeInto(merge) => {
                self.relation(&merge.source);
                self.expression(&merge.condition);
                let actions = &merge.actions;
                let all = actions.matched.iter().chain(&actions.not_matched).chain(&actions.not_matched_by_source);
                all.for_each(|action| self.merge_action(action));
            }
            Command::Explain { plan, .. } => self.plan(plan),
            Command::DescribeQuery { query } => self.relation(query),
            Command::DeclareVariable { default, .. } => default.iter().for_each(|value| self.expression(value)),
            Command::SetVariable { assignments, query } => {
                assignments.iter().for_each(|(_, value)| self.expression(value));
                query.iter().for_each(|query| self.relation(query));
            }
            Command::ExecuteImmediate { text, arguments, .. } => {
                self.expression(text);
                self.expressions(arguments);
            }
            Command::Checkpoint { relation, .. } => self.relation(relation),
            Command::SetCatalog { name } => self.expression(name),
            Command::PipelineDataset { query, .. } => query.iter().for_each(|query| self.relation(query)),
            Command::SetTimeZone { zone } => zone.iter().for_each(|zone| self.expression(zone)),
            Command::SetConfig { .. }
            | Command::ShowConfig { .. }
            | Command::ResetConfig { .. }
            | Command::DropVariable { .. }
            | Command::Script(_)
            | Command::MultiInsert(_)
            | Command::Procedure { .. }
            | Command::SetPath
            | Command::CursorOutsideScript { .. }
            | Command::AddResource { .. }
            | Command::ListResources { .. }
            | Command::RegisterFunction(_)
            | Command::RegisterTableFunction { .. }
            | Command::RegisterDataSource { .. }
            | Command::RemoveCachedRemoteRelation { .. }
            | Command::GetResources
            | Command::CreateResourceProfile
            | Command::ExecuteExternal { .. }
            | Command::WriteStreamStart
            | Command::StreamingQuery
            | Command::StreamingQueryManager
            | Command::StreamingQueryListenerBus
            | Command::Ml { .. }
            | Command::Pipeline { .. }
            | Command::Extension { .. }
            | Command::UnsupportedSql { .. } => {}
        }
    }

    /// Of catalog operations only the queries they hold count.
    fn catalog(&mut self, operation: &CatalogOp) {
        if let CatalogOp::CreateTable(create) = operation {
            create.query.iter().for_each(|query| self.relation(query));
        } else if let CatalogOp::CacheTable { query, .. } = operation {
            query.iter().for_each(|query| self.relation(query));
        } else if let CatalogOp::AlterTable { change: TableChange::ViewQuery { query, .. }, .. } = operation {
            self.relation(query);
        }
    }
}
