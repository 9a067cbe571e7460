//! The catalog on real folders: restarts, concurrent writers, bad names, what a crash leaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;

use hearth_types::{DataType, StructField, StructType};

use super::*;

fn open(folder: &Path) -> Catalog {
    Catalog::open(folder.join("warehouse"), &[], &SampleSettings::default(), folder).unwrap()
}

fn database(catalog: &Catalog, name: &str) -> DatabaseRecord {
    DatabaseRecord {
        catalog: SPARK_CATALOG.to_owned(),
        name: name.to_owned(),
        comment: None,
        location: catalog.default_location(&DatabaseId::new(SPARK_CATALOG, name)).unwrap().display().to_string(),
        properties: vec![("b".into(), "1".into()), ("a".into(), "2".into())],
        owner: "me".into(),
    }
}

fn table(catalog: &Catalog, database: &str, name: &str) -> TableRecord {
    let id = TableId::new(SPARK_CATALOG, database, name);
    TableRecord {
        location: catalog.managed_location(&id).ok(),
        id,
        kind: TableKind::Managed,
        provider: Some("parquet".into()),
        schema: StructType::new([
            StructField::new("a", DataType::Decimal { precision: 10, scale: 2 }, true)
                .with_metadata_text("comment", "c"),
            StructField::new("p", DataType::STRING, true),
        ]),
        partition_columns: vec!["p".into()],
        bucket: Some((vec!["a".into()], 4)),
        sort_columns: vec!["a".into()],
        collation: None,
        options: vec![("header".into(), "true".into())],
        properties: vec![("k".into(), "v".into())],
        comment: Some("it's".into()),
        owner: "me".into(),
        created: 42,
        statistics: Some(TableStatistics { bytes: 7, rows: None, columns: Vec::new() }),
        view: None,
    }
}

fn name_of(error: &hearth_base::Error) -> &'static str {
    error.condition().name
}

#[test]
fn everything_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (made, function) = {
        let catalog = open(folder.path());
        catalog.create_database(database(&catalog, "d1"), false).unwrap();
        let made = table(&catalog, "d1", "t");
        catalog.create_table(made.clone(), None).unwrap();
        let function = FunctionRecord {
            id: TableId::new(SPARK_CATALOG, "d1", "f"),
            parameters: vec![ParameterRecord {
                name: "x".into(),
                data_type: DataType::Integer,
                default: Some("3".into()),
                comment: None,
            }],
            returns: Some(DataType::Long),
            returns_table: None,
            body: FunctionBody::Expression("x + 1".into()),
            comment: None,
            owner: String::new(),
            created: 1,
            config: vec![("spark.sql.ansi.enabled".into(), "false".into())],
        };
        catalog.create_function(function.clone(), false).unwrap();
        (made, function)
    };
    let catalog = open(folder.path());
    let id = DatabaseId::new(SPARK_CATALOG, "d1");
    assert_eq!(catalog.database(&id).unwrap(), database(&catalog, "d1"));
    assert_eq!(*catalog.table(&made.id).unwrap(), made);
    assert_eq!(*catalog.function(&function.id).unwrap(), function);
    let names: Vec<_> = catalog.databases(SPARK_CATALOG).into_iter().map(|database| database.name).collect();
    assert_eq!(names, ["d1", "default"]);
}

#[test]
fn one_of_many_concurrent_creates_wins() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path());
    let made = std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| catalog.create_table(table(&catalog, DEFAULT_DATABASE, "t"), None)))
            .collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(made.iter().filter(|result| result.is_ok()).count(), 1);
    for error in made.into_iter().filter_map(Result::err) {
        assert_eq!(name_of(&error), "TABLE_OR_VIEW_ALREADY_EXISTS");
        assert_eq!(error.parameters()[0].1, "`spark_catalog`.`default`.`t`");
    }
}

#[test]
fn bad_names_never_reach_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path());
    for name in ["../x", "a/b", "a b", "", ".", "a-b", "größe", &"x".repeat(300)] {
        let error = catalog.create_table(table(&catalog, DEFAULT_DATABASE, name), None).unwrap_err();
        assert_eq!(name_of(&error), "INVALID_SCHEMA_OR_RELATION_NAME", "{name}");
        let error = catalog.create_database(database(&catalog, name), false).unwrap_err();
        assert_eq!(name_of(&error), "INVALID_SCHEMA_OR_RELATION_NAME", "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn names_are_resolved_as_spark_does() {
    let names = CatalogNames::new([SPARK_CATALOG, SAMPLES_CATALOG, SYSTEM_CATALOG].map(ToOwned::to_owned).into_iter());
    let at = Position { catalog: SPARK_CATALOG, database: &["d1".to_owned()], names: &names };
    let parts = |text: &str| -> Vec<String> { text.split('.').map(ToOwned::to_owned).collect() };
    for (text, expected) in [
        ("T", "spark_catalog.d1.t"),
        ("D2.t", "spark_catalog.D2.t"),
        ("spark_catalog.d2.t", "spark_catalog.d2.t"),
        ("samples.tpch.nation", "samples.tpch.nation"),
        ("System.Information_Schema.tables", "system.information_schema.tables"),
        ("information_schema.tables", "spark_catalog.information_schema.tables"),
        ("system.t", "spark_catalog.system.t"),
    ] {
        assert_eq!(table_id(&parts(text), at).unwrap().plain(), expected.to_lowercase(), "{text}");
    }
    let error = table_id(&parts("nocat.nod.t1"), at).unwrap_err();
    assert_eq!(name_of(&error), "REQUIRES_SINGLE_PART_NAMESPACE");
    let values: Vec<_> = error.parameters().iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["spark_catalog", "`nocat`.`nod`.`t1`"]);
    let missing = database_id(&parts("nod"), at).not_found();
    assert_eq!(missing.parameters()[0].1, "`spark_catalog`.`nod`");
}

#[test]
fn staged_data_becomes_the_tables_and_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path());
    let staged = catalog.staging();
    fs::create_dir_all(&staged).unwrap();
    fs::write(staged.join("part-0"), "x").unwrap();
    let made = table(&catalog, DEFAULT_DATABASE, "t");
    catalog.create_table(made.clone(), Some(&staged)).unwrap();
    let data = folder.path().join("warehouse/t/part-0");
    assert!(data.is_file() && !staged.exists());
    catalog.rename_table(&made.id, "u").unwrap();
    assert!(!data.exists() && folder.path().join("warehouse/u/part-0").is_file());
    assert!(catalog.table(&made.id).is_none());
    catalog.drop_table(&TableId::new(SPARK_CATALOG, DEFAULT_DATABASE, "u")).unwrap();
    assert!(!folder.path().join("warehouse/u").exists());
    assert!(open(folder.path()).tables(&DatabaseId::new(SPARK_CATALOG, DEFAULT_DATABASE)).unwrap().is_empty());
}

#[test]
fn a_location_with_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path());
    fs::create_dir_all(folder.path().join("warehouse/t")).unwrap();
    fs::write(folder.path().join("warehouse/t/x"), "x").unwrap();
    let error = catalog.create_table(table(&catalog, DEFAULT_DATABASE, "t"), None).unwrap_err();
    assert_eq!(name_of(&error), "LOCATION_ALREADY_EXISTS");
}

#[test]
fn a_crash_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("warehouse/.hearth");
    let id = {
        let catalog = open(folder.path());
        let made = table(&catalog, DEFAULT_DATABASE, "t");
        catalog.create_table(made.clone(), None).unwrap();
        made.id
    };
    // A half-written document, staged data, and a drop that was written and not finished.
    fs::write(root.join("catalog/default/.tmp-1"), "{\"ver").unwrap();
    fs::create_dir_all(root.join("staging/abc")).unwrap();
    fs::rename(root.join("catalog/default/table.t.json"), root.join("trash/dropped-1")).unwrap();
    let catalog = open(folder.path());
    assert!(catalog.table(&id).is_none());
    assert!(!folder.path().join("warehouse/t").exists());
    for (place, left) in [("staging", 0), ("trash", 0), ("catalog/default", 1)] {
        assert_eq!(fs::read_dir(root.join(place)).unwrap().count(), left, "{place}");
    }
}

#[test]
fn databases_are_dropped_with_their_tables_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path());
    catalog.create_database(database(&catalog, "d1"), false).unwrap();
    let again = catalog.create_database(database(&catalog, "d1"), false).unwrap_err();
    assert_eq!((name_of(&again), again.parameters()[0].1.as_str()), ("SCHEMA_ALREADY_EXISTS", "`d1`"));
    catalog.create_table(table(&catalog, "d1", "t"), None).unwrap();
    let id = DatabaseId::new(SPARK_CATALOG, "d1");
    assert_eq!(name_of(&catalog.drop_database(&id, false).unwrap_err()), "SCHEMA_NOT_EMPTY");
    catalog.drop_database(&id, true).unwrap();
    assert!(!folder.path().join("warehouse/d1.db").exists());
    let default = DatabaseId::new(SPARK_CATALOG, DEFAULT_DATABASE);
    assert_eq!(name_of(&catalog.drop_database(&default, true).unwrap_err()), "UNSUPPORTED_FEATURE.DROP_DATABASE");
    let samples = DatabaseId::new(SAMPLES_CATALOG, "tpch");
    assert_eq!(name_of(&catalog.drop_database(&samples, true).unwrap_err()), "UNSUPPORTED_FEATURE.CATALOG_OPERATION");
}

#[test]
fn catalogs_survive_a_restart_and_keep_apart() {
    let folder = tempfile::tempdir().unwrap();
    let main = |name: &str| TableId::new("main", DEFAULT_DATABASE, name);
    let in_main = |catalog: &Catalog, name: &str| {
        let id = main(name);
        TableRecord { location: catalog.managed_location(&id).ok(), id, ..table(catalog, DEFAULT_DATABASE, name) }
    };
    let open = || {
        Catalog::open(folder.path().join("warehouse"), &["main".to_owned()], &SampleSettings::default(), folder.path())
    };
    let made = {
        let catalog = open().unwrap();
        catalog.create_catalog("Extra", Some("more"), false).unwrap();
        let made = in_main(&catalog, "t");
        catalog.create_table(made.clone(), None).unwrap();
        catalog.create_table(table(&catalog, DEFAULT_DATABASE, "t"), None).unwrap();
        assert_eq!(made.location, Some(folder.path().join("catalogs/main/t").display().to_string()));
        made
    };
    let catalog = open().unwrap();
    let names: Vec<_> = catalog.names().iter().map(ToOwned::to_owned).collect();
    assert_eq!(names, ["extra", "main", "samples", "spark_catalog", "system"]);
    assert_eq!(catalog.comment("extra").as_deref(), Some("more"));
    assert_eq!(catalog.table(&main("t")).as_deref(), Some(&made));
    catalog.drop_table(&main("t")).unwrap();
    assert!(catalog.table(&TableId::new(SPARK_CATALOG, DEFAULT_DATABASE, "t")).is_some());

    let again = catalog.create_catalog("extra", None, false).unwrap_err();
    assert_eq!(name_of(&again), "CATALOG_ALREADY_EXISTS");
    for bad in ["a-b", "../x", ""] {
        assert_eq!(name_of(&catalog.create_catalog(bad, None, false).unwrap_err()), "INVALID_SCHEMA_OR_RELATION_NAME");
    }
    catalog.create_table(in_main(&catalog, "u"), None).unwrap();
    assert_eq!(name_of(&catalog.drop_catalog("main", false).unwrap_err()), "CATALOG_NOT_EMPTY");
    catalog.drop_catalog("extra", false).unwrap();
    catalog.drop_catalog("MAIN", true).unwrap();
    assert!(!folder.path().join("catalogs/main").exists() && catalog.table(&main("u")).is_none());
    for fixed in [SPARK_CATALOG, SAMPLES_CATALOG, SYSTEM_CATALOG] {
        let error = catalog.drop_catalog(fixed, true).unwrap_err();
        assert_eq!(name_of(&error), "UNSUPPORTED_FEATURE.CATALOG_OPERATION", "{fixed}");
    }
}

#[test]
fn the_information_schema_cannot_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path());
    let id = TableId::new(SPARK_CATALOG, INFORMATION_SCHEMA, "tables");
    assert!(catalog.table(&id).unwrap().is_view());
    let errors = [
        catalog.drop_table(&id).unwrap_err(),
        catalog.rename_table(&id, "x").unwrap_err(),
        catalog.alter_table(&id, |_| Ok(())).unwrap_err(),
        catalog.create_table(table(&catalog, INFORMATION_SCHEMA, "t"), None).unwrap_err(),
        catalog.drop_database(&id.database_id(), true).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(name_of(&error), "UNSUPPORTED_FEATURE.CATALOG_OPERATION");
    }
    let taken = catalog.create_database(database(&catalog, INFORMATION_SCHEMA), false).unwrap_err();
    assert_eq!(name_of(&taken), "SCHEMA_ALREADY_EXISTS");
}
