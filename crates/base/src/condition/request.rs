//! Table of conditions about requests: identity, sessions, operations, wire, limits.

use super::conditions;

conditions! { REQUEST:
    UNRECOGNIZED_STATISTIC "UNRECOGNIZED_STATISTIC" "42704" InvalidRequest "There is no statistic called <stats>.";
    INVALID_REQUEST "HEARTH_INVALID_REQUEST" "08P01" InvalidRequest "<message>";
    INVALID_NUMBER "HEARTH_INVALID_NUMBER" "08P01" InvalidRequest "<message>";
    UNKNOWN_ANALYZE_METHOD "CONNECT_INVALID_PLAN.UNKNOWN_ANALYZE_METHOD" "56K00" InvalidRequest "There is no analysis <other>.";
    INTERRUPT_TYPE_UNSUPPORTED "UNSUPPORTED_FEATURE.INTERRUPT_TYPE" "0A000" Unsupported "There is no interrupt of the type <interruptType>.";
    INTERRUPT_TAG_MISSING "INVALID_PARAMETER_VALUE.INTERRUPT_TYPE_TAG_REQUIRES_TAG" "22023" InvalidRequest "The parameter <parameter> of <functionName> is missing: an interrupt by tag needs a tag.";
    INTERRUPT_ID_MISSING "INVALID_PARAMETER_VALUE.INTERRUPT_TYPE_OPERATION_ID_REQUIRES_ID" "22023" InvalidRequest "The parameter <parameter> of <functionName> is missing: an interrupt by operation id needs an id.";
    CLONE_TARGET_FORMAT "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_FORMAT" "42K04" InvalidRequest "The new session id <targetSessionId> is not a UUID such as '00112233-4455-6677-8899-aabbccddeeff'.";
    CLONE_TARGET_CLOSED "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_ALREADY_CLOSED" "42K04" AlreadyExists "A session <targetSessionId> was closed before.";
    CLONE_TARGET_EXISTS "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_ALREADY_EXISTS" "42K04" AlreadyExists "The session <targetSessionId> exists already.";
    INVALID_CONF_VALUE_REQUIREMENT "INVALID_CONF_VALUE.REQUIREMENT" "22022" InvalidRequest "The value '<confValue>' of the setting \"<confName>\" is not valid: <confRequirement>";
    CONNECT_INVALID_PLAN "CONNECT_INVALID_PLAN.UNKNOWN" "56K00" InvalidRequest "The plan is not valid: <message>";
    PLAN_TOO_DEEP "HEARTH_PLAN_DEPTH_LIMIT" "54001" Exhausted "The plan is nested deeper than <limit> (<value>).";
    PLAN_TOO_LARGE "CONNECT_INVALID_PLAN.PLAN_SIZE_LARGER_THAN_MAX" "56K00" Exhausted "The plan is <planSize> bytes; at most <maxPlanSize> are taken (<limit>).";
    UNAUTHENTICATED "HEARTH_UNAUTHENTICATED" "28000" Unauthenticated "<message>";
    PERMISSION_DENIED "HEARTH_PERMISSION_DENIED" "42501" Denied "<message>";
    INVALID_HANDLE_FORMAT "INVALID_HANDLE.FORMAT" "HY000" InvalidRequest "The handle <handle> is not a UUID such as '00112233-4455-6677-8899-aabbccddeeff'.";
    SESSION_NOT_FOUND "INVALID_HANDLE.SESSION_NOT_FOUND" "HY000" NotFound "There is no session <handle>.";
    SESSION_CLOSED "INVALID_HANDLE.SESSION_CLOSED" "HY000" NotFound "The session <handle> was closed.";
    SESSION_CHANGED "INVALID_HANDLE.SESSION_CHANGED" "HY000" Conflict "The session <handle> is a new one: the server was restarted or the session ended in between.";
    OPERATION_NOT_FOUND "INVALID_HANDLE.OPERATION_NOT_FOUND" "HY000" NotFound "There is no operation <handle>.";
    OPERATION_ALREADY_EXISTS "INVALID_HANDLE.OPERATION_ALREADY_EXISTS" "HY000" AlreadyExists "The operation <handle> exists already.";
    OPERATION_ABANDONED "INVALID_HANDLE.OPERATION_ABANDONED" "HY000" NotFound "The operation <handle> was given up because no client came back for it.";
    CURSOR_NOT_AVAILABLE "INVALID_CURSOR.POSITION_NOT_AVAILABLE" "HY109" Conflict "The response <responseId> was released already; it was number <index>.";
    CURSOR_NOT_FOUND "INVALID_CURSOR.POSITION_NOT_FOUND" "HY109" NotFound "There is no response <responseId>.";
    CURSOR_NOT_REATTACHABLE "INVALID_CURSOR.NOT_REATTACHABLE" "HY109" Conflict "The operation was not started as reattachable.";
    CURSOR_DISCONNECTED "INVALID_CURSOR.DISCONNECTED" "HY109" Conflict "Another stream took over this operation.";
    CANNOT_MODIFY_STATIC_CONFIG "CANNOT_MODIFY_STATIC_CONFIG" "46110" Analysis "<key> is a static setting: it is fixed when the server starts.";
    SQL_CONF_NOT_FOUND "SQL_CONF_NOT_FOUND" "42K0I" NotFound "There is no setting <sqlConf>.";
    INVALID_CONF_VALUE_TYPE_MISMATCH "INVALID_CONF_VALUE.TYPE_MISMATCH" "22022" InvalidRequest "The value '<confValue>' of the setting \"<confName>\" is not valid: it should be a/an '<confType>' value.";
    INVALID_CONF_VALUE_TIME_ZONE "INVALID_CONF_VALUE.TIME_ZONE" "22022" InvalidRequest "The value '<confValue>' of the setting \"<confName>\" is not a time zone.";
    INVALID_CONF_VALUE_OUT_OF_RANGE_OF_OPTIONS "INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS" "22022" InvalidRequest "The value '<confValue>' of the setting \"<confName>\" should be one of '<confOptions>'.";
    CANNOT_MODIFY_CONFIG "CANNOT_MODIFY_CONFIG" "46110" Analysis "<key> is a setting of the server: a session cannot change it.";
    ARTIFACT_ALREADY_EXISTS "ARTIFACT_ALREADY_EXISTS" "42713" Conflict "The artifact <normalizedRemoteRelativePath> exists already with other content.";
    INVALID_ARTIFACT_PATH "INVALID_ARTIFACT_PATH" "22023" InvalidRequest "<name> is not a name for an artifact: it must be a relative path that stays inside the folder of the session.";
    LIMIT_EXCEEDED "HEARTH_LIMIT" "54000" Exhausted "<what> is over <limit> (<value>).";
    INLINE_LIMIT "HEARTH_INLINE_LIMIT" "54000" Runtime "Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most <value> bytes. Please execute the statement with disposition=EXTERNAL_LINKS if you want to download the full result.";
    DRAINING "HEARTH_DRAINING" "57P01" Unavailable "The server is shutting down and takes no new work.";
    REMOTE_ERROR "HEARTH_REMOTE_ERROR" "XX000" Internal "The Spark that ran the work failed.";
    UNKNOWN_ENGINE "HEARTH_UNKNOWN_ENGINE" "22023" NotFound "There is no engine <engine>. There are: <engines>.";
    ENGINE_FIXED "HEARTH_ENGINE_FIXED" "46110" Conflict "The session runs on the engine <engine> already: open a new session for the engine <wanted>.";
    ENGINE_UNAVAILABLE "HEARTH_ENGINE_UNAVAILABLE" "57P03" Unavailable "The engine <engine> cannot be reached: <reason>. Nothing was run.";
    ENGINE_LOST "HEARTH_ENGINE_LOST" "08006" Unavailable "The engine <engine> was lost while it worked: <reason>. What it had done is not known, so nothing was run again.";
    UNKNOWN_POOL "HEARTH_UNKNOWN_POOL" "22023" NotFound "There is no pool <pool>. There are: <pools>.";
    NO_SUCH_REQUEST "HEARTH_NO_SUCH_REQUEST" "42704" NotFound "There is no request <request>: it was answered, cancelled or given to another worker.";
    ANSWERED_ALREADY "HEARTH_ANSWERED_ALREADY" "55000" Conflict "The request <request> has this part of its answer already.";
}
