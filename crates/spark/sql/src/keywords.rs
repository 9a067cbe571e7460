//! The words that Spark 4.2's grammar knows (`SqlBaseLexer`), as one enum with a lookup.
//!
//! In Spark's default mode none of them is reserved: each may name a column, and all but the sixteen of
//! `is_strict_non_reserved` may be a table's alias. So a keyword is a word that *may* mean something, and the parser
//! decides by what stands around it.

use std::sync::LazyLock;

/// Rows: `Variant "SPELLING" ["OTHER SPELLING"];`, in the order of the spellings' first letters.
macro_rules! keywords {
    ($($variant:ident $($spelling:literal)+;)*) => {
        /// A word of the grammar.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Keyword {
            $($variant,)*
        }

        const SPELLINGS: &[(&str, Keyword)] = &[$($(($spelling, Keyword::$variant),)+)*];

        impl Keyword {
            /// The word as Spark's documentation writes it.
            pub fn spelling(self) -> &'static str {
                match self {
                    $(Self::$variant => [$($spelling),+][0],)*
                }
            }
        }
    };
}

keywords! {
    Add "ADD";
    After "AFTER";
    Aggregate "AGGREGATE";
    All "ALL";
    Alter "ALTER";
    Always "ALWAYS";
    Analyze "ANALYZE";
    And "AND";
    Anti "ANTI";
    Any "ANY";
    AnyValue "ANY_VALUE";
    Approx "APPROX";
    Archive "ARCHIVE";
    Array "ARRAY";
    As "AS";
    Asc "ASC";
    Asensitive "ASENSITIVE";
    At "AT";
    Atomic "ATOMIC";
    Authorization "AUTHORIZATION";
    Begin "BEGIN";
    Bernoulli "BERNOULLI";
    Between "BETWEEN";
    Bigint "BIGINT";
    Binary "BINARY";
    Binding "BINDING";
    Boolean "BOOLEAN";
    Both "BOTH";
    Bucket "BUCKET";
    Buckets "BUCKETS";
    By "BY";
    Byte "BYTE";
    Cache "CACHE";
    Call "CALL";
    Called "CALLED";
    Cascade "CASCADE";
    Case "CASE";
    Cast "CAST";
    Catalog "CATALOG";
    Catalogs "CATALOGS";
    Change "CHANGE";
    Changes "CHANGES";
    Char "CHAR";
    Character "CHARACTER";
    Check "CHECK";
    Clear "CLEAR";
    Close "CLOSE";
    Cluster "CLUSTER";
    Clustered "CLUSTERED";
    Codegen "CODEGEN";
    Collate "COLLATE";
    Collation "COLLATION";
    Collations "COLLATIONS";
    Collection "COLLECTION";
    Column "COLUMN";
    Columns "COLUMNS";
    Comment "COMMENT";
    Commit "COMMIT";
    Compact "COMPACT";
    Compactions "COMPACTIONS";
    Compensation "COMPENSATION";
    Compute "COMPUTE";
    Concatenate "CONCATENATE";
    Condition "CONDITION";
    Constraint "CONSTRAINT";
    Contains "CONTAINS";
    Continue "CONTINUE";
    Cost "COST";
    Create "CREATE";
    Cross "CROSS";
    Cube "CUBE";
    Current "CURRENT";
    CurrentDatabase "CURRENT_DATABASE";
    CurrentDate "CURRENT_DATE";
    CurrentPath "CURRENT_PATH";
    CurrentSchema "CURRENT_SCHEMA";
    CurrentTime "CURRENT_TIME";
    CurrentTimestamp "CURRENT_TIMESTAMP";
    CurrentUser "CURRENT_USER";
    Cursor "CURSOR";
    Data "DATA";
    Database "DATABASE";
    Databases "DATABASES";
    Date "DATE";
    DateAdd "DATE_ADD";
    DateDiff "DATE_DIFF";
    Dateadd "DATEADD";
    Datediff "DATEDIFF";
    Day "DAY";
    Dayofyear "DAYOFYEAR";
    Days "DAYS";
    Dbproperties "DBPROPERTIES";
    Dec "DEC";
    Decimal "DECIMAL";
    Declare "DECLARE";
    Default "DEFAULT";
    DefaultPath "DEFAULT_PATH";
    Defined "DEFINED";
    Definer "DEFINER";
    Delay "DELAY";
    Delete "DELETE";
    Delimited "DELIMITED";
    Desc "DESC";
    Describe "DESCRIBE";
    Deterministic "DETERMINISTIC";
    Dfs "DFS";
    Directories "DIRECTORIES";
    Directory "DIRECTORY";
    Distance "DISTANCE";
    Distinct "DISTINCT";
    Distribute "DISTRIBUTE";
    Div "DIV";
    Do "DO";
    Double "DOUBLE";
    Drop "DROP";
    Else "ELSE";
    Elseif "ELSEIF";
    End "END";
    Enforced "ENFORCED";
    Escape "ESCAPE";
    Escaped "ESCAPED";
    Evolution "EVOLUTION";
    Exact "EXACT";
    Except "EXCEPT";
    Exchange "EXCHANGE";
    Exclude "EXCLUDE";
    Exclusive "EXCLUSIVE";
    Execute "EXECUTE";
    Exists "EXISTS";
    Exit "EXIT";
    Explain "EXPLAIN";
    Export "EXPORT";
    Extend "EXTEND";
    Extended "EXTENDED";
    External "EXTERNAL";
    Extract "EXTRACT";
    False "FALSE";
    Fetch "FETCH";
    Fields "FIELDS";
    Fileformat "FILEFORMAT";
    Filter "FILTER";
    First "FIRST";
    Float "FLOAT";
    Flow "FLOW";
    Following "FOLLOWING";
    For "FOR";
    Foreign "FOREIGN";
    Format "FORMAT";
    Formatted "FORMATTED";
    Found "FOUND";
    From "FROM";
    Full "FULL";
    Function "FUNCTION";
    Functions "FUNCTIONS";
    Generated "GENERATED";
    Geography "GEOGRAPHY";
    Geometry "GEOMETRY";
    Global "GLOBAL";
    Grant "GRANT";
    Group "GROUP";
    Grouping "GROUPING";
    Handler "HANDLER";
    Having "HAVING";
    Hour "HOUR";
    Hours "HOURS";
    Identified "IDENTIFIED";
    Identifier "IDENTIFIER";
    Identity "IDENTITY";
    If "IF";
    Ignore "IGNORE";
    Ilike "ILIKE";
    Immediate "IMMEDIATE";
    Import "IMPORT";
    In "IN";
    Include "INCLUDE";
    Inclusive "INCLUSIVE";
    Increment "INCREMENT";
    Index "INDEX";
    Indexes "INDEXES";
    Inner "INNER";
    Inpath "INPATH";
    Input "INPUT";
    Inputformat "INPUTFORMAT";
    Insensitive "INSENSITIVE";
    Insert "INSERT";
    Int "INT";
    Integer "INTEGER";
    Intersect "INTERSECT";
    Interval "INTERVAL";
    Into "INTO";
    Invoker "INVOKER";
    Is "IS";
    Items "ITEMS";
    Iterate "ITERATE";
    Join "JOIN";
    Json "JSON";
    Key "KEY";
    Keys "KEYS";
    Language "LANGUAGE";
    Last "LAST";
    Lateral "LATERAL";
    Lazy "LAZY";
    Leading "LEADING";
    Leave "LEAVE";
    Left "LEFT";
    Level "LEVEL";
    Like "LIKE";
    Limit "LIMIT";
    Lines "LINES";
    List "LIST";
    Load "LOAD";
    Local "LOCAL";
    Location "LOCATION";
    Lock "LOCK";
    Locks "LOCKS";
    Logical "LOGICAL";
    Long "LONG";
    Loop "LOOP";
    Macro "MACRO";
    Map "MAP";
    Matched "MATCHED";
    Materialized "MATERIALIZED";
    Max "MAX";
    Measure "MEASURE";
    Merge "MERGE";
    Metrics "METRICS";
    Microsecond "MICROSECOND";
    Microseconds "MICROSECONDS";
    Millisecond "MILLISECOND";
    Milliseconds "MILLISECONDS";
    Minus "MINUS";
    Minute "MINUTE";
    Minutes "MINUTES";
    Modifies "MODIFIES";
    Month "MONTH";
    Months "MONTHS";
    Msck "MSCK";
    Name "NAME";
    Namespace "NAMESPACE";
    Namespaces "NAMESPACES";
    Nanosecond "NANOSECOND";
    Nanoseconds "NANOSECONDS";
    Natural "NATURAL";
    Nearest "NEAREST";
    Next "NEXT";
    No "NO";
    None "NONE";
    Norely "NORELY";
    Not "NOT";
    Null "NULL";
    Nulls "NULLS";
    Numeric "NUMERIC";
    Of "OF";
    Offset "OFFSET";
    On "ON";
    Only "ONLY";
    Open "OPEN";
    Option "OPTION";
    Options "OPTIONS";
    Or "OR";
    Order "ORDER";
    Out "OUT";
    Outer "OUTER";
    Outputformat "OUTPUTFORMAT";
    Over "OVER";
    Overlaps "OVERLAPS";
    Overlay "OVERLAY";
    Overwrite "OVERWRITE";
    Partition "PARTITION";
    Partitioned "PARTITIONED";
    Partitions "PARTITIONS";
    Path "PATH";
    Percent "PERCENT";
    Pivot "PIVOT";
    Placing "PLACING";
    Position "POSITION";
    Preceding "PRECEDING";
    Primary "PRIMARY";
    Principals "PRINCIPALS";
    Procedure "PROCEDURE";
    Procedures "PROCEDURES";
    Properties "PROPERTIES";
    Purge "PURGE";
    Qualify "QUALIFY";
    Quarter "QUARTER";
    Query "QUERY";
    Range "RANGE";
    Read "READ";
    Reads "READS";
    Real "REAL";
    Recordreader "RECORDREADER";
    Recordwriter "RECORDWRITER";
    Recover "RECOVER";
    Recursion "RECURSION";
    Recursive "RECURSIVE";
    Reduce "REDUCE";
    References "REFERENCES";
    Refresh "REFRESH";
    Rely "RELY";
    Rename "RENAME";
    Repair "REPAIR";
    Repeat "REPEAT";
    Repeatable "REPEATABLE";
    Replace "REPLACE";
    Reset "RESET";
    Respect "RESPECT";
    Restrict "RESTRICT";
    Return "RETURN";
    Returns "RETURNS";
    Revoke "REVOKE";
    Right "RIGHT";
    Rlike "RLIKE" "REGEXP";
    Role "ROLE";
    Roles "ROLES";
    Rollback "ROLLBACK";
    Rollup "ROLLUP";
    Row "ROW";
    Rows "ROWS";
    Schema "SCHEMA";
    Schemas "SCHEMAS";
    Second "SECOND";
    Seconds "SECONDS";
    Security "SECURITY";
    Select "SELECT";
    Semi "SEMI";
    Separated "SEPARATED";
    Serde "SERDE";
    Serdeproperties "SERDEPROPERTIES";
    SessionUser "SESSION_USER";
    Set "SET";
    Sets "SETS";
    Short "SHORT";
    Show "SHOW";
    Similarity "SIMILARITY";
    Single "SINGLE";
    Skewed "SKEWED";
    Smallint "SMALLINT";
    Some "SOME";
    Sort "SORT";
    Sorted "SORTED";
    Source "SOURCE";
    Specific "SPECIFIC";
    Sql "SQL";
    Sqlexception "SQLEXCEPTION";
    Sqlstate "SQLSTATE";
    Start "START";
    Statistics "STATISTICS";
    Stored "STORED";
    Stratify "STRATIFY";
    Stream "STREAM";
    Streaming "STREAMING";
    String "STRING";
    Struct "STRUCT";
    Substr "SUBSTR";
    Substring "SUBSTRING";
    Sync "SYNC";
    System "SYSTEM";
    SystemPath "SYSTEM_PATH";
    SystemTime "SYSTEM_TIME";
    SystemVersion "SYSTEM_VERSION";
    Table "TABLE";
    Tables "TABLES";
    Tablesample "TABLESAMPLE";
    Target "TARGET";
    Tblproperties "TBLPROPERTIES";
    Temporary "TEMPORARY" "TEMP";
    Terminated "TERMINATED";
    Then "THEN";
    Time "TIME";
    Timediff "TIMEDIFF";
    Timestamp "TIMESTAMP";
    TimestampLtz "TIMESTAMP_LTZ";
    TimestampNtz "TIMESTAMP_NTZ";
    Timestampadd "TIMESTAMPADD";
    Timestampdiff "TIMESTAMPDIFF";
    Tinyint "TINYINT";
    To "TO";
    Touch "TOUCH";
    Trailing "TRAILING";
    Transaction "TRANSACTION";
    Transactions "TRANSACTIONS";
    Transform "TRANSFORM";
    Trim "TRIM";
    True "TRUE";
    Truncate "TRUNCATE";
    TryCast "TRY_CAST";
    Type "TYPE";
    Unarchive "UNARCHIVE";
    Unbounded "UNBOUNDED";
    Uncache "UNCACHE";
    Union "UNION";
    Unique "UNIQUE";
    Unknown "UNKNOWN";
    Unlock "UNLOCK";
    Unpivot "UNPIVOT";
    Unset "UNSET";
    Until "UNTIL";
    Update "UPDATE";
    Use "USE";
    User "USER";
    Using "USING";
    Value "VALUE";
    Values "VALUES";
    Var "VAR";
    Varchar "VARCHAR";
    Variable "VARIABLE";
    Variant "VARIANT";
    Version "VERSION";
    View "VIEW";
    Views "VIEWS";
    Void "VOID";
    Watermark "WATERMARK";
    Week "WEEK";
    Weeks "WEEKS";
    When "WHEN";
    Where "WHERE";
    While "WHILE";
    Window "WINDOW";
    With "WITH";
    Within "WITHIN";
    Without "WITHOUT";
    X "X";
    Year "YEAR";
    Years "YEARS";
    Zone "ZONE";
}

const LONGEST: usize = 18;

static SORTED: LazyLock<Vec<(&'static str, Keyword)>> = LazyLock::new(|| {
    let mut spellings = SPELLINGS.to_vec();
    spellings.sort_unstable();
    spellings
});

impl Keyword {
    /// All words in all spellings, in capitals.
    pub fn spellings() -> impl Iterator<Item = &'static str> {
        SPELLINGS.iter().map(|(spelling, _)| *spelling)
    }

    /// The keyword that `word` spells, in any case.
    pub fn lookup(word: &str) -> Option<Self> {
        if word.len() > LONGEST || !word.is_ascii() {
            return None;
        }
        let mut buffer = [0u8; LONGEST];
        let upper = &mut buffer[..word.len()];
        upper.copy_from_slice(word.as_bytes());
        upper.make_ascii_uppercase();
        let found = SORTED.binary_search_by(|(spelling, _)| spelling.as_bytes().cmp(upper)).ok()?;
        SORTED.get(found).map(|(_, keyword)| *keyword)
    }

    /// Words that may name a column and may not be a table's alias.
    pub fn is_strict_non_reserved(self) -> bool {
        matches!(
            self,
            Self::Anti
                | Self::Cross
                | Self::Except
                | Self::Full
                | Self::Inner
                | Self::Intersect
                | Self::Join
                | Self::Lateral
                | Self::Left
                | Self::Minus
                | Self::Natural
                | Self::On
                | Self::Right
                | Self::Semi
                | Self::Union
                | Self::Using
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_found_in_any_case() {
        for (spelling, keyword) in SPELLINGS {
            assert_eq!(Keyword::lookup(spelling), Some(*keyword));
            assert_eq!(Keyword::lookup(&spelling.to_lowercase()), Some(*keyword));
        }
        assert_eq!(Keyword::lookup("selec"), None);
    }
}
