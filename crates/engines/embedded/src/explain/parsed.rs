//! The plan as a client asked for it, in the shape of Spark's `== Parsed Logical Plan ==`: a tree with `+-` and `:-`,
//! `'` before what is not resolved yet. Expressions are written by `written`.

use std::fmt::Write;

use hearth_plan::relation::{
    Grouping, GroupingItem, Join, JoinConstraint, JoinKind, NameForm, ScriptTransform, SetOp, SetOpKind,
};
use hearth_plan::{Expr, Relation, RelationNode as Node};

use super::written::{Text, Writer};

/// The plan as lines.
pub fn draw(relation: &Relation) -> String {
    let mut writer = Writer::default();
    let tree = tree(relation, &mut writer);
    let mut out = String::new();
    tree.draw(&mut out, "", "");
    out.trim_end().to_owned()
}

/// A line and what hangs below it; `inner` are plans of expressions, which Spark draws first and apart.
struct Tree {
    line: String,
    resolved: bool,
    inner: Vec<Tree>,
    children: Vec<Tree>,
}

impl Tree {
    fn draw(&self, out: &mut String, first: &str, rest: &str) {
        let mark = if self.resolved { "" } else { "'" };
        let _ = writeln!(out, "{first}{mark}{}", self.line);
        let bar = if self.children.is_empty() { "   " } else { ":  " };
        for (index, inner) in self.inner.iter().enumerate() {
            let last = index + 1 == self.inner.len();
            let (mark, inside) = if last { ("+- ", "   ") } else { (":- ", ":  ") };
            inner.draw(out, &format!("{rest}{bar}{mark}"), &format!("{rest}{bar}{inside}"));
        }
        for (index, child) in self.children.iter().enumerate() {
            let last = index + 1 == self.children.len();
            let (mark, bar) = if last { ("+- ", "   ") } else { (":- ", ":  ") };
            child.draw(out, &format!("{rest}{mark}"), &format!("{rest}{bar}"));
        }
    }
}

/// A node over its inputs; `texts` say whether its own expressions are resolved.
fn over(line: impl Into<String>, own: bool, inputs: &[&Relation], writer: &mut Writer) -> Tree {
    let inner = std::mem::take(&mut writer.subqueries);
    let inner = inner.iter().map(|relation| tree(relation, writer)).collect();
    let children: Vec<_> = inputs.iter().map(|input| tree(input, writer)).collect();
    let resolved = own && children.iter().all(|child| child.resolved);
    Tree { line: line.into(), resolved, inner, children }
}

fn tree(relation: &Relation, writer: &mut Writer) -> Tree {
    match &relation.node {
        Node::NamedTable(table) => {
            let name = match &table.name.form {
                NameForm::Plain(name) => name.join(", "),
                NameForm::Identifier(expr) => writer.text(expr).text,
            };
            let options: Vec<_> = table.options.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let streaming = table.is_streaming;
            over(format!("UnresolvedRelation [{name}], [{}], {streaming}", options.join(", ")), false, &[], writer)
        }
        Node::DataSource(source) => {
            let format = source.format.as_deref().unwrap_or("parquet");
            over(format!("Relation [] {format}"), true, &[], writer)
        }
        Node::LocalRelation { .. } | Node::CachedLocalRelation { .. } | Node::ChunkedCachedLocalRelation { .. } => {
            over("LocalRelation", true, &[], writer)
        }
        Node::CachedRemoteRelation { .. } => over("LogicalRDD", true, &[], writer),
        Node::InlineTable { rows } => {
            let names: Vec<_> = (1..=rows.first().map_or(0, Vec::len)).map(|place| format!("col{place}")).collect();
            over(format!("UnresolvedInlineTable [{}]", names.join(", ")), false, &[], writer)
        }
        Node::Range { start, end, step, partitions } => {
            // As many as there are processors, where nobody asked for a number.
            let processors = || std::thread::available_parallelism().map_or(1, usize::from).to_string();
            let splits = partitions.map_or_else(processors, |count| count.to_string());
            over(format!("Range ({start}, {end}, step={step}, splits=Some({splits}))"), true, &[], writer)
        }
        Node::OneRow => over("OneRowRelation", true, &[], writer),
        Node::TableFunction(function) => {
            let arguments = writer.list(&function.arguments);
            let name = match &function.name.form {
                NameForm::Plain(name) => name.join(", "),
                NameForm::Identifier(expr) => writer.text(expr).text,
            };
            let line = format!("UnresolvedTableValuedFunction [{name}], [{}]", arguments.text);
            over(line, false, &[], writer)
        }
        Node::Sql(text) => match hearth_sql::parse_bound(text) {
            Ok(hearth_plan::Plan::Relation(relation)) => tree(&relation, writer),
            Ok(hearth_plan::Plan::Command(_)) | Err(_) => over(text.query.clone(), false, &[], writer),
        },
        Node::WithCte { input, ctes, .. } => {
            let names: Vec<_> = ctes.iter().map(|cte| cte.name.clone()).collect();
            let inner = ctes.iter().map(|cte| {
                let query = tree(&cte.query, writer);
                let (line, resolved) = (format!("SubqueryAlias {}", cte.name), query.resolved);
                Tree { line, resolved, inner: Vec::new(), children: vec![query] }
            });
            let inner = inner.collect();
            let line = format!("CTE [{}]", names.join(", "));
            Tree { line, resolved: true, inner, children: vec![tree(input, writer)] }
        }
        Node::Join(join) => join_tree(join, writer),
        Node::SetOp(set) => set_tree(set, writer),
        node => unary(node, writer),
    }
}

fn join_tree(join: &Join, writer: &mut Writer) -> Tree {
    let kind = match join.kind {
        JoinKind::Inner => "Inner",
        JoinKind::Cross => "Cross",
        JoinKind::LeftOuter => "LeftOuter",
        JoinKind::RightOuter => "RightOuter",
        JoinKind::FullOuter => "FullOuter",
        JoinKind::LeftSemi => "LeftSemi",
        JoinKind::LeftAnti => "LeftAnti",
    };
    let (line, own) = match &join.constraint {
        JoinConstraint::None => (format!("Join {kind}"), true),
        JoinConstraint::On(condition) => {
            let Text { text, resolved } = writer.text(condition);
            (format!("Join {kind}, {text}"), resolved)
        }
        JoinConstraint::Using(names) => (format!("Join UsingJoin({kind}, [{}])", names.join(", ")), false),
        JoinConstraint::Natural => (format!("Join NaturalJoin({kind})"), false),
    };
    let line = if join.lateral { line.replacen("Join", "LateralJoin", 1) } else { line };
    over(line, own, &[&join.left, &join.right], writer)
}

fn set_tree(set: &SetOp, writer: &mut Writer) -> Tree {
    let inputs: [&Relation; 2] = [&set.left, &set.right];
    let SetOp { by_name, allow_missing_columns: missing, all, .. } = set;
    match set.kind {
        SetOpKind::Union if *all => over(format!("Union {by_name}, {missing}"), false, &inputs, writer),
        SetOpKind::Union => {
            let union = over(format!("Union {by_name}, {missing}"), false, &inputs, writer);
            Tree { line: "Distinct".to_owned(), resolved: union.resolved, inner: Vec::new(), children: vec![union] }
        }
        SetOpKind::Intersect => {
            over(if *all { "Intersect All true" } else { "Intersect All false" }, false, &inputs, writer)
        }
        SetOpKind::Except => over(if *all { "Except All true" } else { "Except All false" }, false, &inputs, writer),
    }
}

/// Nodes over one input.
fn unary(node: &Node, writer: &mut Writer) -> Tree {
    match node {
        Node::Project { input, expressions } => {
            let Text { text, resolved } = writer.named_list(expressions);
            over(format!("Project [{text}]"), resolved, &[input], writer)
        }
        Node::Filter { input, condition } => condition_over("Filter", input, condition, writer),
        Node::Having { input, condition } => condition_over("UnresolvedHaving", input, condition, writer),
        Node::Qualify { input, condition } => condition_over("UnresolvedQualify", input, condition, writer),
        Node::SubqueryAlias { input, alias, .. } => over(format!("SubqueryAlias {alias}"), true, &[input], writer),
        Node::Distinct { input } => over("Distinct", true, &[input], writer),
        Node::Aggregate { input, grouping, expressions } => {
            let groups = groups(grouping, writer);
            let Text { text, resolved } = writer.named_list(expressions);
            over(format!("Aggregate [{}], [{text}]", groups.text), groups.resolved && resolved, &[input], writer)
        }
        Node::Sort { input, order, is_global } => {
            let orders: Vec<_> = order.iter().map(|order| writer.order(order)).collect();
            let line = format!("Sort [{}], {is_global}", super::written::joined(&orders).text);
            over(line, orders.iter().all(|order| order.resolved), &[input], writer)
        }
        Node::Limit { input, limit } => {
            let Text { text, .. } = writer.text(limit);
            let local = over(format!("LocalLimit {text}"), true, &[input], writer);
            let resolved = local.resolved;
            Tree { line: format!("GlobalLimit {text}"), resolved, inner: Vec::new(), children: vec![local] }
        }
        Node::Offset { input, offset } => {
            let Text { text, .. } = writer.text(offset);
            over(format!("Offset {text}"), true, &[input], writer)
        }
        Node::Tail { input, limit } => {
            let Text { text, .. } = writer.text(limit);
            over(format!("Tail {text}"), true, &[input], writer)
        }
        Node::Drop { input, columns, names } => {
            let shown = writer.list(columns).text;
            let names: Vec<_> =
                std::iter::once(shown).filter(|text| !text.is_empty()).chain(names.iter().cloned()).collect();
            over(format!("DataFrameDropColumns [{}]", names.join(", ")), false, &[input], writer)
        }
        Node::WithColumns { input, columns } => {
            let columns: Vec<_> = columns.iter().map(|(name, expr, _)| expr.clone().alias(name.as_str())).collect();
            let Text { text, .. } = writer.named_list(&columns);
            over(format!("Project [unresolvedstarwithcolumns({text})]"), false, &[input], writer)
        }
        Node::Hint { input, name, parameters } => {
            let Text { text, .. } = writer.list(parameters);
            over(format!("UnresolvedHint {name}, [{text}]"), false, &[input], writer)
        }
        Node::Repartition { input, partitions, shuffle } => {
            over(format!("Repartition {partitions}, {shuffle}"), true, &[input], writer)
        }
        Node::RepartitionByExpression { input, expressions, partitions } => {
            let Text { text, resolved } = writer.list(expressions);
            let count = partitions.map_or_else(String::new, |count| format!(", {count}"));
            over(format!("RepartitionByExpression [{text}]{count}"), resolved, &[input], writer)
        }
        Node::ScriptTransform(transform) => script(transform, writer),
        Node::CollectMetrics { input, name, metrics } => {
            let Text { text, resolved } = writer.named_list(metrics);
            over(format!("CollectMetrics {name}, [{text}]"), resolved, &[input], writer)
        }
        other => {
            // The name of the node, which is Catalyst's for most.
            let name = format!("{other:?}");
            let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
            over(name, false, &[], writer)
        }
    }
}

fn script(transform: &ScriptTransform, writer: &mut Writer) -> Tree {
    let names = transform.columns.iter().flatten().map(|field| format!("'{}", field.name));
    let names = names.collect::<Vec<_>>().join(", ");
    over(format!("ScriptTransformation {}, [{names}]", transform.script), false, &[&transform.input], writer)
}

fn condition_over(name: &str, input: &Relation, condition: &Expr, writer: &mut Writer) -> Tree {
    let Text { text, resolved } = writer.text(condition);
    over(format!("{name} {text}"), resolved && name == "Filter", &[input], writer)
}

fn groups(grouping: &Grouping, writer: &mut Writer) -> Text {
    match grouping {
        Grouping::All => Text { text: "'ALL".to_owned(), resolved: false },
        Grouping::Items(items) => {
            let texts: Vec<_> = items
                .iter()
                .map(|item| match item {
                    GroupingItem::Expr(expr) => writer.text(expr),
                    GroupingItem::Rollup(sets) => sets_text("rollup", sets, writer),
                    GroupingItem::Cube(sets) => sets_text("cube", sets, writer),
                    GroupingItem::Sets { expressions, .. } => {
                        let Text { text, .. } = writer.list(expressions);
                        Text { text: format!("'groupingsets({text})"), resolved: false }
                    }
                })
                .collect();
            super::written::joined(&texts)
        }
    }
}

fn sets_text(name: &str, sets: &[Vec<Expr>], writer: &mut Writer) -> Text {
    let texts: Vec<_> = sets.iter().map(|set| writer.list(set)).collect();
    Text { text: format!("{name}({})", super::written::joined(&texts).text), resolved: false }
}
