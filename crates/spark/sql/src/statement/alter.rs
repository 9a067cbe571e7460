//! `ALTER DATABASE`, `ALTER TABLE`, `ALTER VIEW`.

use hearth_base::condition::{
    ALTER_TABLE_COLUMN_DESCRIPTOR_DUPLICATE, HIVE_CHANGE_COLUMN, REPLACE_COLUMNS_WITH_DEFAULT, SCHEMA_LEVEL_COLLATIONS,
};
use hearth_base::{Error, Result};
use hearth_plan::catalog::{ColumnChange, ColumnDef, PartitionSpec, RecoverBy, TableChange};
use hearth_plan::relation::TableName;
use hearth_plan::{CatalogOp, Plan};
use hearth_types::Collation;

use super::{catalog, unsupported};
use crate::keywords::Keyword as K;
use crate::parser::Parser;
use crate::token::TokenKind;

impl Parser<'_> {
    pub(super) fn alter(&mut self) -> Result<Plan> {
        let start = self.start();
        self.advance();
        match self.keyword() {
            Some(K::Namespace | K::Database | K::Schema) => self.alter_database(),
            Some(K::Table) => self.alter_table(),
            Some(K::View) => self.alter_view(),
            Some(K::Index) => self.not_allowed_from(start),
            _ => Err(self.unexpected()),
        }
    }

    fn alter_database(&mut self) -> Result<Plan> {
        self.advance();
        let name = self.plain_name()?;
        if self.accept_all(&[K::Default, K::Collation]) {
            self.plain_identifier()?;
            self.defer(crate::error::bare(SCHEMA_LEVEL_COLLATIONS.error(), self.text));
            return Ok(unsupported("DEFAULT COLLATION of a schema"));
        }
        if self.accept(K::Unset) {
            self.expect_any(&[K::Dbproperties, K::Properties])?;
            let keys = self.property_list()?.into_iter().map(|(key, _)| key).collect();
            return Ok(catalog(CatalogOp::UnsetDatabaseProperties { name, keys }));
        }
        self.expect(K::Set)?;
        if self.accept(K::Location) {
            let location = self.string()?;
            return Ok(catalog(CatalogOp::AlterDatabaseLocation { name, location }));
        }
        self.expect_any(&[K::Dbproperties, K::Properties])?;
        let properties = self.valued_property_list()?;
        Ok(catalog(CatalogOp::AlterDatabaseProperties { name, properties }))
    }

    fn alter_view(&mut self) -> Result<Plan> {
        self.advance();
        let name = self.table_name()?;
        match self.keyword() {
            Some(K::Rename) => return self.rename(name, true),
            Some(K::Set) => return self.set_properties(name, true),
            Some(K::Unset) => return self.unset_properties(name, true),
            Some(K::Add) => return Err(self.not_valid("ALTER VIEW ... ADD PARTITION")),
            Some(K::Drop) => return Err(self.not_valid("ALTER VIEW ... DROP PARTITION")),
            _ => {}
        }
        if self.accept_all(&[K::With, K::Schema]) {
            let mode = self.schema_binding()?;
            return Ok(altered(name, true, TableChange::SchemaBinding(mode)));
        }
        self.accept(K::As);
        let start = self.start();
        let query = Box::new(self.query()?);
        let text = self.since(start).to_owned();
        Ok(altered(name, true, TableChange::ViewQuery { query, text }))
    }

    fn alter_table(&mut self) -> Result<Plan> {
        self.advance();
        let name = self.table_name()?;
        if self.at(K::Partition) && self.kind_at(1) == TokenKind::LeftParen {
            return self.alter_partition(name);
        }
        match self.keyword() {
            Some(K::Add) => self.alter_add(name),
            Some(K::Drop) => self.alter_drop(name),
            Some(K::Rename) if self.keyword_at(1) == Some(K::Column) => {
                self.advance();
                self.advance();
                let column = self.name()?;
                self.expect(K::To)?;
                let to = self.identifier()?;
                Ok(altered(name, false, TableChange::RenameColumn { column, to }))
            }
            Some(K::Rename) => self.rename(name, false),
            Some(K::Set) => self.alter_set(name),
            Some(K::Unset) => self.unset_properties(name, false),
            Some(K::Alter | K::Change) => self.alter_column(name),
            Some(K::Replace) => self.replace_columns(name),
            Some(K::Recover) => {
                self.advance();
                self.expect(K::Partitions)?;
                Ok(catalog(CatalogOp::RecoverPartitions { name, by: RecoverBy::Alter }))
            }
            Some(K::Cluster) => {
                self.advance();
                self.expect(K::By)?;
                let columns = if self.accept(K::None) { Vec::new() } else { self.paren_list(Self::name)? };
                Ok(altered(name, false, TableChange::ClusterBy(columns)))
            }
            Some(K::Default) => {
                self.advance();
                self.expect(K::Collation)?;
                let collation = Collation::parse(&self.plain_identifier()?)?;
                Ok(altered(name, false, TableChange::DefaultCollation(collation)))
            }
            Some(
                K::Not
                | K::Clustered
                | K::Skewed
                | K::Exchange
                | K::Archive
                | K::Unarchive
                | K::Touch
                | K::Compact
                | K::Concatenate,
            ) => self.refused_change(),
            _ => Err(self.unexpected()),
        }
    }

    /// Changes of Hive that Spark refuses by name.
    fn refused_change(&mut self) -> Result<Plan> {
        let at = self.start();
        self.advance();
        if self.keyword().is_some() {
            self.advance();
        }
        let _ = self.accept(K::Location) || self.accept_all(&[K::As, K::Directories]);
        let what = format!("ALTER TABLE {}", self.since(at).to_uppercase());
        Err(self.not_valid(&what))
    }

    fn rename(&mut self, name: TableName, is_view: bool) -> Result<Plan> {
        self.expect(K::Rename)?;
        match is_view {
            true => self.expect(K::To)?,
            false => self.expect_quietly(TokenKind::Word(Some(K::To)))?,
        }
        let to = self.name()?;
        Ok(catalog(CatalogOp::RenameTable { name, to, is_view }))
    }

    fn set_properties(&mut self, name: TableName, is_view: bool) -> Result<Plan> {
        self.expect_all(&[K::Set, K::Tblproperties])?;
        let properties = self.valued_property_list()?;
        Ok(altered(name, is_view, TableChange::SetProperties(properties)))
    }

    fn unset_properties(&mut self, name: TableName, is_view: bool) -> Result<Plan> {
        self.expect_all(&[K::Unset, K::Tblproperties])?;
        let if_exists = self.if_exists();
        let keys = self.key_list()?;
        Ok(altered(name, is_view, TableChange::UnsetProperties { keys, if_exists }))
    }

    fn alter_set(&mut self, name: TableName) -> Result<Plan> {
        match self.keyword_at(1) {
            Some(K::Location) => self.set_location(name, Vec::new()),
            Some(K::Serde | K::Serdeproperties) => self.set_serde(name, Vec::new()),
            Some(K::Skewed | K::Fileformat) => self.refused_change(),
            _ => self.set_properties(name, false),
        }
    }

    fn set_location(&mut self, name: TableName, partition: PartitionSpec) -> Result<Plan> {
        self.expect_all(&[K::Set, K::Location])?;
        let location = self.string()?;
        Ok(altered(name, false, TableChange::SetLocation { partition, location }))
    }

    fn set_serde(&mut self, name: TableName, partition: PartitionSpec) -> Result<Plan> {
        self.expect(K::Set)?;
        let is_serde = self.accept(K::Serde);
        if is_serde {
            self.string()?;
            if !self.accept(K::With) {
                return Ok(altered(name, false, TableChange::SetSerde { partition }));
            }
        }
        self.expect(K::Serdeproperties)?;
        let options = self.valued_property_list()?;
        let change = match is_serde || !partition.is_empty() {
            true => TableChange::SetSerde { partition },
            false => TableChange::SetOptions(options),
        };
        Ok(altered(name, false, change))
    }

    /// `ALTER TABLE t PARTITION (…) …`
    fn alter_partition(&mut self, name: TableName) -> Result<Plan> {
        let from = self.full_partition_spec()?;
        match self.keyword() {
            Some(K::Rename) => {
                self.expect_all(&[K::Rename, K::To])?;
                let to = self.full_partition_spec()?;
                Ok(altered(name, false, TableChange::RenamePartition { from, to }))
            }
            Some(K::Set) => match self.keyword_at(1) {
                Some(K::Location) => self.set_location(name, from),
                Some(K::Fileformat) => self.refused_change(),
                _ => self.set_serde(name, from),
            },
            Some(K::Replace) => {
                let plan = self.replace_columns(name)?;
                self.defer(self.not_valid("ALTER TABLE ... PARTITION ... REPLACE COLUMNS"));
                Ok(plan)
            }
            Some(K::Change) => {
                self.skip_rest();
                Err(self.not_valid("ALTER TABLE ... PARTITION ... CHANGE COLUMN"))
            }
            Some(K::Compact | K::Concatenate) => self.refused_change(),
            _ => Err(self.unexpected()),
        }
    }

    fn alter_add(&mut self, name: TableName) -> Result<Plan> {
        self.advance();
        if self.accept_any(&[K::Column, K::Columns]).is_some() {
            let mut places = Vec::new();
            let in_parens = self.at_kind(TokenKind::LeftParen);
            let mut column = |parser: &mut Self| {
                let (column, place) = parser.added_column()?;
                places.extend(place.map(|place| (column.name.clone(), place)));
                Ok(column)
            };
            let columns = if in_parens { self.paren_list(&mut column)? } else { self.comma_list(&mut column)? };
            if !places.is_empty() {
                return Ok(altered(name, false, TableChange::AddColumnsAt { columns, places }));
            }
            return Ok(altered(name, false, TableChange::AddColumns(columns)));
        }
        if self.at_table_constraint() || self.at(K::Constraint) {
            self.table_constraint()?;
            return Ok(altered(name, false, TableChange::Refused("ADD CONSTRAINT")));
        }
        let if_not_exists = self.if_not_exists()?;
        let mut partitions = Vec::new();
        while self.at(K::Partition) || partitions.is_empty() {
            let spec = self.full_partition_spec()?;
            let location = if self.accept(K::Location) { Some(self.string()?) } else { None };
            partitions.push((spec, location));
        }
        Ok(altered(name, false, TableChange::AddPartitions { partitions, if_not_exists }))
    }

    /// A column, possibly inside a struct (its name has parts), and its place if it has one.
    fn added_column(&mut self) -> Result<(ColumnDef, Option<Option<String>>)> {
        let start = self.start();
        let mut twice = None;
        let name = self.name()?.join(".");
        let data_type = self.type_ref()?;
        let mut column = ColumnDef {
            name,
            data_type,
            nullable: true,
            default: None,
            default_text: None,
            generated: None,
            comment: None,
        };
        let mut place = None;
        loop {
            if self.at_not_null() {
                twice = twice.or((!column.nullable).then_some("NOT NULL"));
                self.advance();
                self.advance();
                column.nullable = false;
            } else if self.accept(K::Default) {
                let at = self.start();
                twice = twice.or(column.default.is_some().then_some("DEFAULT"));
                column.default = Some(self.expression()?);
                column.default_text = Some(self.since(at).to_owned());
            } else if self.at(K::Comment) {
                twice = twice.or(column.comment.is_some().then_some("COMMENT"));
                column.comment = Some(self.comment_clause()?);
            } else if self.at_any(&[K::First, K::After]) {
                twice = twice.or(place.is_some().then_some("FIRST|AFTER"));
                place = Some(self.column_position()?);
            } else {
                break;
            }
        }
        if let Some(option) = twice {
            let error = ALTER_TABLE_COLUMN_DESCRIPTOR_DUPLICATE
                .with("type", "ADD")
                .with("columnName", &column.name)
                .with("optionName", option);
            self.defer(self.about(start, error));
        }
        Ok((column, place))
    }

    /// `FIRST`, `AFTER column`
    fn column_position(&mut self) -> Result<Option<String>> {
        match self.expect_any(&[K::First, K::After])? {
            K::After => self.identifier().map(Some),
            _ => Ok(None),
        }
    }

    fn alter_drop(&mut self, name: TableName) -> Result<Plan> {
        self.advance();
        if self.accept_any(&[K::Column, K::Columns]).is_some() {
            let if_exists = self.if_exists();
            let in_parens = self.at_kind(TokenKind::LeftParen);
            let columns = if in_parens { self.paren_list(Self::name)? } else { self.names()? };
            return Ok(altered(name, false, TableChange::DropColumns { columns, if_exists }));
        }
        if self.accept(K::Constraint) {
            self.if_exists();
            self.plain_identifier()?;
            self.accept_any(&[K::Restrict, K::Cascade]);
            return Ok(altered(name, false, TableChange::Refused("DROP CONSTRAINT")));
        }
        let if_exists = self.if_exists();
        let partitions = self.comma_list(Self::partition_spec)?;
        let purge = self.accept(K::Purge);
        Ok(altered(name, false, TableChange::DropPartitions { partitions, if_exists, purge }))
    }

    fn replace_columns(&mut self, name: TableName) -> Result<Plan> {
        self.expect_all(&[K::Replace, K::Columns])?;
        let mut has_place = false;
        let columns = self.column_list(|parser| {
            let (column, place) = parser.added_column()?;
            has_place |= place.is_some();
            Ok(column)
        })?;
        if has_place {
            let error = HIVE_CHANGE_COLUMN
                .with("operation", "Column position")
                .with("command", "REPLACE COLUMNS")
                .with("msg", "");
            self.defer(self.about_statement(error));
        }
        if columns.iter().any(|column| column.default.is_some()) {
            self.defer(self.about_statement(REPLACE_COLUMNS_WITH_DEFAULT.error()));
        }
        Ok(altered(name, false, TableChange::ReplaceColumns(columns)))
    }

    /// `ALTER COLUMN c TYPE t`, and Hive's `CHANGE COLUMN c c t COMMENT …`.
    fn alter_column(&mut self, name: TableName) -> Result<Plan> {
        let is_change = self.advance().kind == TokenKind::Word(Some(K::Change));
        if self.kind_at(1).is_name() {
            self.accept(K::Column);
        }
        let column = self.name()?;
        let is_action = matches!(self.keyword(), Some(K::Type | K::Comment | K::First | K::After | K::Set | K::Drop))
            || !self.kind().is_name();
        if is_change && !is_action {
            let earlier = self.deferred.take();
            let changed = self.plain_column()?;
            let of_type = self.deferred.take();
            self.deferred = earlier;
            if self.at_any(&[K::First, K::After]) {
                self.column_position()?;
            }
            if column.last().is_some_and(|last| !last.eq_ignore_ascii_case(&changed.name)) {
                let error = HIVE_CHANGE_COLUMN
                    .with("operation", "Renaming column")
                    .with("command", "ALTER COLUMN")
                    .with("msg", ", please run RENAME COLUMN instead");
                self.defer(self.about_statement(error));
            }
            if let Some(error) = of_type {
                self.defer(error);
            }
            let change = match changed.comment {
                Some(comment) => ColumnChange::Comment(comment),
                None => ColumnChange::Type(changed.data_type),
            };
            return Ok(altered(name, false, TableChange::AlterColumn { column, change }));
        }
        let Some(change) = self.column_change()? else {
            self.defer(self.no_column_change());
            return Ok(unsupported("ALTER COLUMN without a change"));
        };
        if !self.at_kind(TokenKind::Comma) {
            return Ok(altered(name, false, TableChange::AlterColumn { column, change }));
        }
        let mut changes = vec![(column, change)];
        while self.accept_kind(TokenKind::Comma) {
            let column = self.name()?;
            match self.column_change()? {
                Some(change) => changes.push((column, change)),
                None => self.defer(self.no_column_change()),
            }
        }
        Ok(altered(name, false, TableChange::AlterColumns(changes)))
    }

    fn no_column_change(&self) -> Error {
        self.operation_not_allowed(
            "ALTER TABLE table ALTER COLUMN requires a TYPE, a SET/DROP, a COMMENT, or a FIRST/AFTER",
        )
    }

    fn column_change(&mut self) -> Result<Option<ColumnChange>> {
        Ok(Some(match self.keyword() {
            Some(K::Type) => {
                self.advance();
                ColumnChange::Type(self.type_ref()?)
            }
            Some(K::Comment) => ColumnChange::Comment(self.comment_clause()?),
            Some(K::First | K::After) => ColumnChange::Position(self.column_position()?),
            Some(K::Set | K::Drop) => {
                let is_set = self.advance().kind == TokenKind::Word(Some(K::Set));
                if self.accept(K::Default) {
                    let start = self.start();
                    if is_set {
                        self.expression()?;
                    }
                    ColumnChange::Default(is_set.then(|| self.since(start).to_owned()))
                } else {
                    if !self.at_not_null() {
                        return Err(self.unexpected());
                    }
                    self.advance();
                    self.advance();
                    ColumnChange::Nullable(!is_set)
                }
            }
            _ => return Ok(None),
        }))
    }
}

fn altered(name: TableName, is_view: bool, change: TableChange) -> Plan {
    catalog(CatalogOp::AlterTable { name, is_view, change })
}
