//! From the names a plan mentions to the `SessionView` that the analyzer reads. The only place that waits.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use datafusion::catalog::{MemTable, TableProvider};
use hearth_analyzer::{
    CachedRelation, LocalMention, LocalRows, MentionOptions, Mentions, Place, RemoteRelation, ResolvedSource,
    ResolvedTable, SessionFunction, SessionView, SqlFunction, TableEntry, TableKey, TableMention, ViewEntry,
    command_mentions, decode_local_relation, mentions,
};
use hearth_base::condition::{
    NOT_FOUND_CACHED_LOCAL_RELATION, PATH_GIVEN_TWICE, PATH_NOT_FOUND, TIME_TRAVEL_UNSUPPORTED,
    UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING,
};
use hearth_base::{Error, Result};
use hearth_functions::SessionSettings;
use hearth_plan::relation::{DataSource, NamedTable, TimeTravel};
use hearth_plan::{Command, Plan, Relation, RelationNode, from_proto};
use hearth_types::DataType;

use crate::cached::{Kept, Persisted};
use crate::catalog::{CatalogNames, DELTA, GLOBAL_TEMP, Position, TableRecord, ViewText};
use crate::config::{Place as ConfigPlace, SessionConfig};
use crate::effects::constant_text;
use crate::effects::function::{persistent, relation_of, temporary_name};
use crate::information;
use crate::session::EmbeddedSession;
use crate::sources::{self, SourceRequest};
use crate::state::{SessionState, TempView};

/// The formats whose files a query may name in the place of a table.
const FORMATS: [&str; 8] = ["parquet", "csv", "json", "text", "orc", "avro", "delta", "binaryfile"];

/// The view that the analysis of a query needs.
pub async fn view(session: &EmbeddedSession, relation: &Relation) -> Result<SessionView> {
    let resolver = Resolver::new(session);
    let mentions = mentions(relation, &resolver.options(Place::Session));
    resolver.resolve(mentions).await
}

/// The view that a command needs for its relations and expressions.
pub async fn command_view(session: &EmbeddedSession, command: &Command) -> Result<SessionView> {
    let resolver = Resolver::new(session);
    let mentions = command_mentions(command, &resolver.options(Place::Session));
    resolver.resolve(mentions).await
}

fn cached_relation(persisted: &Persisted) -> CachedRelation {
    CachedRelation { plan: persisted.plan.clone(), rows: Arc::new(Kept(Arc::clone(&persisted.rows))) }
}

/// The settings of a statement that starts now.
pub fn settings(session: &EmbeddedSession, state: &SessionState) -> SessionSettings {
    state.config.settings(ConfigPlace {
        catalog: &state.catalog,
        database: &state.database.join("."),
        user: session.spec.principal.id.as_str(),
        statement_micros: session.shared.settings.clock.now().saturating_mul(1000),
    })
}

struct Resolver<'a> {
    session: &'a EmbeddedSession,
    state: SessionState,
    settings: SessionSettings,
    /// What the settings say about reading files.
    reading: Vec<(String, String)>,
    names: CatalogNames,
}

impl<'a> Resolver<'a> {
    fn new(session: &'a EmbeddedSession) -> Self {
        let state = session.snapshot();
        let settings = settings(session, &state);
        let reading = sources::session_options(&state.config);
        Self { session, state, settings, reading, names: session.shared.catalog.names() }
    }

    fn options(&self, place: Place) -> MentionOptions {
        MentionOptions { place, case_sensitive: self.settings.case_sensitive, config: self.state.config.to_map() }
    }

    async fn resolve(self, mentioned: Mentions) -> Result<SessionView> {
        let mut view = SessionView::new(self.settings.clone());
        view.config = self.state.config.to_map();
        view.functions = self.state.functions.clone();
        view.variables = self.state.variables.clone();
        if let Some(scopes) = &self.session.script {
            view.local_scopes = scopes.visible();
        }
        view.cached = self.state.persisted.iter().map(cached_relation).collect();
        let mut waiting = VecDeque::from([mentioned]);
        let mut seen = HashSet::new();
        while let Some(mentions) = waiting.pop_front() {
            for table in &mentions.tables {
                waiting.extend(self.table(table, &mut view).await?);
            }
            for source in mentions.sources {
                self.source(source, &mut view).await?;
            }
            for local in mentions.local {
                self.local(local, &mut view.local).await?;
            }
            for id in mentions.remote {
                if let Some(relation) = self.state.remote.get(&id) {
                    waiting.push_back(hearth_analyzer::mentions(relation, &self.options(Place::Session)));
                    view.remote.insert(id, RemoteRelation::Plan(Arc::clone(relation)));
                }
            }
            for name in mentions.functions {
                if seen.insert(name.clone()) {
                    waiting.extend(self.function(&name, &mut view)?);
                }
            }
        }
        Ok(view)
    }

    /// Resolves a table and returns what its body mentions, when it is a view. A table that is not there is left out:
    /// the analysis says so with its place in the query.
    async fn table(&self, mention: &TableMention, view: &mut SessionView) -> Result<Option<Mentions>> {
        if view.tables.contains_key(&mention.key) {
            return Ok(None);
        }
        let Some((table, place)) = self.find(&mention.name, &mention.key, &mention.table).await? else {
            return Ok(None);
        };
        let inner = match &table {
            ResolvedTable::Table(_) => None,
            ResolvedTable::View(entry) => Some(mentions(&entry.query, &self.options(place))),
        };
        view.tables.insert(mention.key.clone(), table);
        Ok(inner)
    }

    async fn find(
        &self,
        name: &[String],
        key: &TableKey,
        table: &NamedTable,
    ) -> Result<Option<(ResolvedTable, Place)>> {
        if let Some(temporary) = self.temporary(&key.name, &key.place) {
            let settings = self.captured(&temporary.config);
            return Ok(Some((ResolvedTable::View(temporary_entry(&temporary, name, settings)), Place::Session)));
        }
        let (catalog, database) = match &key.place {
            Place::Session => (self.state.catalog.clone(), self.state.database.clone()),
            Place::View { catalog, database, .. } => (catalog.clone(), vec![database.clone()]),
        };
        let mut options = table.options.clone();
        if let Some(travel) = &table.travel {
            options.push(self.travelled(travel).await?);
        }
        if let Some(source) = self.file_table(name, &catalog, &options).await? {
            return Ok(Some((ResolvedTable::Table(source), Place::Session)));
        }
        let at = Position { catalog: &catalog, database: &database, names: &self.names };
        let id = self.session.table_id(name, at)?;
        let Some(record) = self.session.shared.catalog.table(&id) else { return Ok(None) };
        match &record.view {
            Some(text) => {
                let place = Place::View {
                    catalog: text.catalog.clone(),
                    database: text.database.join("."),
                    sees_temporary: false,
                };
                let mut entry = view_entry(&record, text, place.clone())?;
                entry.settings = self.captured(&text.config);
                Ok(Some((ResolvedTable::View(entry), place)))
            }
            None if record.is_view() => Ok(Some((ResolvedTable::Table(self.information(&record)?), Place::Session))),
            None => {
                if table.travel.is_some() && record.format() != DELTA {
                    return Err(TIME_TRAVEL_UNSUPPORTED.with("relationId", record.id.quoted()));
                }
                Ok(Some((ResolvedTable::Table(self.catalog_table(&record, &options).await?), Place::Session)))
            }
        }
    }

    /// The settings under which a view or a function was made, where they are not the session's.
    fn captured(&self, config: &[(String, String)]) -> Option<Arc<SessionSettings>> {
        let mut settings = SessionConfig::of_captured(config).settings(ConfigPlace {
            catalog: &self.settings.current_catalog,
            database: &self.settings.current_database,
            user: &self.settings.user,
            statement_micros: self.settings.statement_micros,
        });
        // Spark asks for this one when the rows are made.
        settings.map_key_last_wins = self.settings.map_key_last_wins;
        (settings != self.settings).then(|| Arc::new(settings))
    }

    /// The option that says the same.
    async fn travelled(&self, travel: &TimeTravel) -> Result<(String, String)> {
        match travel {
            TimeTravel::Version(version) => Ok(("versionAsOf".to_owned(), version.clone())),
            TimeTravel::Timestamp(expr) => {
                let text = Box::pin(constant_text(self.session, expr)).await?;
                Ok(("timestampAsOf".to_owned(), text.unwrap_or_default()))
            }
        }
    }

    /// A temporary view of this name, as seen from `place`.
    fn temporary(&self, name: &[String], place: &Place) -> Option<TempView> {
        let visible = match place {
            Place::Session => true,
            Place::View { sees_temporary, .. } => *sees_temporary,
        };
        match name {
            [only] if visible => self.state.views.get(&only.to_lowercase()).cloned(),
            [database, only] if database.eq_ignore_ascii_case(GLOBAL_TEMP) => {
                self.session.shared.global_views.read().get(&only.to_lowercase()).cloned()
            }
            _ => None,
        }
    }

    /// ``parquet.`/path` ``: files named in the place of a table.
    async fn file_table(
        &self,
        name: &[String],
        catalog: &str,
        options: &[(String, String)],
    ) -> Result<Option<TableEntry>> {
        let (format, path) = match name {
            [format, path] => (format, path),
            [first, format, path] if first.eq_ignore_ascii_case(catalog) && path.contains('/') => (format, path),
            _ => return Ok(None),
        };
        let is_format = FORMATS.iter().any(|known| format.eq_ignore_ascii_case(known));
        let is_database = || {
            let id = crate::catalog::DatabaseId::new(catalog, &format.to_lowercase());
            self.session.shared.catalog.database_exists(&id)
        };
        if !is_format || is_database() {
            return Ok(None);
        }
        let source = sources::open(self.request(format, std::slice::from_ref(path), options)).await?;
        Ok(Some(TableEntry { name: name.to_vec(), source: source.table, schema: source.schema }))
    }

    fn request<'r>(
        &'r self,
        format: &'r str,
        paths: &'r [String],
        options: &'r [(String, String)],
    ) -> SourceRequest<'r> {
        SourceRequest {
            format,
            schema: None,
            options,
            session: &self.reading,
            paths,
            partition_columns: None,
            datafusion: &self.session.shared.datafusion,
            settings: &self.settings,
        }
    }

    /// A relation of `information_schema`, with its rows as they are now.
    fn information(&self, record: &TableRecord) -> Result<TableEntry> {
        let (schema, batches) = information::read(&self.session.shared.catalog, &record.id)?;
        let arrow = hearth_types::arrow::to_engine_schema(&schema);
        let table = MemTable::try_new(arrow, vec![batches]).map_err(Error::internal)?;
        Ok(TableEntry { name: record.id.parts(), source: Arc::new(table), schema })
    }

    async fn catalog_table(&self, record: &TableRecord, given: &[(String, String)]) -> Result<TableEntry> {
        let catalog = &self.session.shared.catalog;
        let location = catalog.ready(record).await?;
        let mut options = record.options.clone();
        options.extend(given.iter().cloned());
        let paths = [location.to_string_lossy().into_owned()];
        let format = record.format();
        if format == DELTA {
            let source = sources::open(self.request(format, &paths, &options)).await?;
            return Ok(TableEntry { name: record.id.parts(), source: source.table, schema: source.schema });
        }
        let opened = sources::open(SourceRequest {
            schema: Some(&record.schema),
            partition_columns: Some(&record.partition_columns),
            ..self.request(format, &paths, &options)
        })
        .await;
        let source: Arc<dyn TableProvider> = match opened {
            Ok(opened) => opened.table,
            // The folder of a table may be gone: then it has no rows.
            Err(error) if error.condition() == PATH_NOT_FOUND => {
                let empty = MemTable::try_new(hearth_types::arrow::to_engine_schema(&record.schema), vec![Vec::new()]);
                Arc::new(empty.map_err(Error::internal)?)
            }
            Err(error) => return Err(error),
        };
        Ok(TableEntry { name: record.id.parts(), source, schema: record.schema.clone() })
    }

    async fn source(&self, source: DataSource, view: &mut SessionView) -> Result<()> {
        if source.is_streaming || view.sources.iter().any(|(known, _)| *known == source) {
            return Ok(());
        }
        let format =
            source.format.clone().or_else(|| self.state.config.get("spark.sql.sources.default").map(Into::into));
        let format = format.unwrap_or_else(|| "parquet".to_owned());
        let schema = source.schema.as_deref().map(read_schema).transpose()?;
        if schema.as_ref().is_some_and(|schema| schema.fields.iter().any(|field| has_length(&field.data_type))) {
            return Err(UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING.error());
        }
        let mut paths = source.paths.clone();
        let given = source.options.iter().filter(|(key, _)| key.eq_ignore_ascii_case("path"));
        let given: Vec<_> = given.map(|(_, path)| path.clone()).collect();
        if !given.is_empty() && !paths.is_empty() {
            return Err(PATH_GIVEN_TWICE.with("config", "spark.sql.legacy.pathOptionBehavior.enabled"));
        }
        paths.extend(given);
        let opened =
            sources::open(SourceRequest { schema: schema.as_ref(), ..self.request(&format, &paths, &source.options) })
                .await?;
        view.sources.push((source, ResolvedSource { source: opened.table, schema: opened.schema }));
        Ok(())
    }

    /// Rows that the client uploaded: a whole local relation under one hash, or its data and its schema apart.
    async fn local(&self, mention: LocalMention, known: &mut HashMap<String, LocalRows>) -> Result<()> {
        if known.contains_key(&mention.key) {
            return Ok(());
        }
        let rows = match (mention.data_hashes.as_slice(), &mention.schema_hash) {
            ([only], None) if !mention.is_chunked => {
                match from_proto::decode_local_relation(self.cached(only).await?.into())? {
                    RelationNode::LocalRelation { data, schema } => {
                        decode_local_relation(data.as_deref(), schema.as_deref())?
                    }
                    _ => return Err(Error::internal("a cached local relation is no local relation")),
                }
            }
            (hashes, schema) => {
                let schema = match schema {
                    Some(hash) => Some(String::from_utf8_lossy(&self.cached(hash).await?).into_owned()),
                    None => None,
                };
                let mut rows: Option<LocalRows> = None;
                for hash in hashes {
                    let chunk = decode_local_relation(Some(&self.cached(hash).await?), schema.as_deref())?;
                    match &mut rows {
                        None => rows = Some(chunk),
                        Some(rows) => rows.batches.extend(chunk.batches),
                    }
                }
                rows.ok_or_else(|| Error::internal("a chunked local relation has no chunks"))?
            }
        };
        known.insert(mention.key, rows);
        Ok(())
    }

    async fn cached(&self, hash: &str) -> Result<Vec<u8>> {
        let not_found =
            || NOT_FOUND_CACHED_LOCAL_RELATION.with("hash", hash).with("sessionUUID", &self.session.spec.session);
        let path = self.state.artifacts.get(&format!("cache/{hash}")).ok_or_else(not_found)?;
        tokio::fs::read(path).await.map_err(|error| not_found().caused_by(error))
    }

    /// Adds a function of the session or the catalog, and returns what its body mentions.
    fn function(&self, name: &[String], view: &mut SessionView) -> Result<Option<Mentions>> {
        let key = name.join(".").to_lowercase();
        let temporary = || temporary_name(name).and_then(|name| self.state.functions.get(&name.to_lowercase()));
        let function = match view.functions.get(&key).or_else(temporary) {
            Some(known) => known.clone(),
            None => match persistent(self.session, name)? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let SessionFunction::Sql(sql) = &function;
        let function = match self.captured(&sql.config) {
            None => function,
            settings => SessionFunction::Sql(Arc::new(SqlFunction { settings, ..sql.as_ref().clone() })),
        };
        let SessionFunction::Sql(sql) = &function;
        let body = relation_of(&sql.body);
        view.functions.insert(key, function);
        Ok(Some(mentions(&body, &self.options(Place::Session))))
    }
}

/// Whether a type has CHAR or VARCHAR in it.
pub fn has_length(data_type: &DataType) -> bool {
    match data_type {
        DataType::Char { .. } | DataType::VarChar { .. } => true,
        DataType::Array(array) => has_length(&array.element),
        DataType::Map(map) => has_length(&map.key) || has_length(&map.value),
        DataType::Struct(structure) => structure.fields.iter().any(|field| has_length(&field.data_type)),
        _ => false,
    }
}

/// A schema as text: DDL, or `DataType.json`.
fn read_schema(text: &str) -> Result<hearth_types::StructType> {
    match hearth_types::StructType::from_json(text) {
        Ok(schema) => Ok(schema),
        Err(_) => hearth_types::ddl::parse_table_schema(text),
    }
}

fn temporary_entry(view: &TempView, name: &[String], settings: Option<Arc<SessionSettings>>) -> ViewEntry {
    ViewEntry {
        name: name.to_vec(),
        query: Arc::clone(&view.query),
        place: Place::Session,
        columns: view.columns.clone(),
        settings,
    }
}

fn view_entry(record: &TableRecord, text: &ViewText, place: Place) -> Result<ViewEntry> {
    let Plan::Relation(query) = SessionConfig::captured_dialect(&text.config).parse_statement(&text.text)? else {
        return Err(Error::internal("the text of a view is no query"));
    };
    Ok(ViewEntry {
        name: record.id.parts(),
        query: Arc::new(query),
        place,
        columns: Some(record.schema.clone()),
        settings: None,
    })
}
