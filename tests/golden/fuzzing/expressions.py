"""Random expressions over the table of `values.py`: every function with fitting and unfitting arguments.

`SIGNATURES` has one line per form: name, result, arguments. A word is a type of `values.TABLE`, `@pool` a literal
of `values.POOLS`, `num` any number, `any` anything, `ord` anything that has an order, `=` the type of the argument before,
`~x` an argument that may be left out. Operators are templates with `{}`.
"""

from __future__ import annotations

from . import values

SIGNATURES = """
abs num num | abs ym ym | abs dt dt | acos double double | acosh double double | asin double double | asinh double num
atan double double | atan2 double double num | atanh double double | bin str long | bround num num ~@scale | cbrt double num
ceil num num ~@scale | ceiling long double | conv str num_str @base @base | cos double double | cosh double double | cot double double
csc double double | degrees double num | div double num num | exp double double | expm1 double double | factorial long int
floor num num ~@scale | greatest ord ord = ~= | least ord ord = ~= | hex str long | hex str str | hex str bin | hypot double num num
ln double num | log double num | log double num num | log10 double num | log1p double num | log2 double num | mod num num num
negative num num | negative ym ym | negative dt dt | pmod num num num | positive num num | pow double num num | power double num num
radians double num | rint double num | round num num ~@scale | sec double double | sign double num | signum double dt | sin double double
sinh double double | sqrt double num | tan double double | tanh double double | try_add num num num | try_add date date int
try_divide double num num | try_mod num num num | try_multiply num num num | try_subtract num num num | try_add dt dt dt | try_divide ym ym num
try_subtract date date ym | try_multiply dt dt num | unhex bin str | width_bucket long double double double int | width_bucket long ym ym ym int
& = int = | {}|{} | {}&{} | bit_count int int | bit_count int bool | bit_get tiny long @small | getbit tiny int @small | shiftleft int int @small
shiftright long long @small | shiftrightunsigned int int @small | ~ int
ascii int str | base64 str bin | bit_length int str | bit_length int bin | btrim str str ~str | char str long | chr str int | char_length int str
character_length int bin | collation str str | concat_ws str @delim str str | concat_ws str @delim arr_str str | contains bool str str
contains bool bin bin | decode str bin @charset | decode int int int int int | elt str @small str str | elt bin @small bin bin
encode bin str @charset | endswith bool str str | find_in_set int str str | format_number str num @scale | format_number str num @numfmt
format_string str @printf any any | initcap str str | instr int str str | is_valid_utf8 bool bin | lcase str str | left str str @small
left bin bin @small | len int str | length int bin | length int str | levenshtein int str str ~@small | locate int str str ~@small
lower str str | lpad str str @small ~str | lpad bin bin @small ~bin | ltrim str str | luhn_check bool num_str | make_valid_utf8 str bin
mask str str ~@delim ~@delim ~@delim | octet_length int str | overlay str str str @small ~@small | overlay bin bin bin @small
position int str str ~@small | printf str @printf int str | quote str str | regexp_count int str @regex | regexp_extract str str @regex ~@small
regexp_extract_all arr_str str @regex ~@small | regexp_instr int str @regex ~@small | regexp_replace str str @regex str ~@small
regexp_substr str str @regex | repeat str str @small | replace str str str ~str | right str str @small | rpad str str @small ~str
rpad bin bin @small ~bin | rtrim str str | rtrim str str str | sentences arr_arr str | soundex str str | space str @small
split arr_str str @regex ~@small | split_part str str @delim @small | startswith bool str str | substr str str @small ~@small
substring bin bin @small ~@small | substring_index str str @delim @small | to_binary bin str @binfmt | to_char str dec @numfmt
to_char str date @fmt | to_char str bin @binfmt | to_number dec num_str @numfmt | to_varchar str dec @numfmt | translate str str str str
trim str str | try_to_binary bin str @binfmt | try_to_number dec num_str @numfmt | try_validate_utf8 str bin | ucase str str | unbase64 bin str
upper str str | validate_utf8 str str | collate str str 'UTF8_LCASE'
crc32 long bin | hash int any any | hash int any | md5 str bin | sha str bin | sha1 str str | sha2 str bin @bits | xxhash64 long any any | xxhash64 long any
add_months date date @small | convert_timezone ntz @tz @tz ntz | convert_timezone ntz @tz ntz | date_add date date @small | date_add date date tiny
date_diff int date date | date_format str ts @fmt | date_format str date @fmt | date_from_unix_date date int | date_part int @field ts
date_part int @field dt | date_part int @field date | date_part int @field ntz | date_part int @field time | date_part int @field ym
date_sub date date small | date_trunc ts @trunc ts | datediff int ts date | datepart int @field date | day int date | dayname str date
dayofmonth int ts | dayofweek int date | dayofyear int ntz | from_unixtime str long ~@fmt | from_utc_timestamp ts ts @tz | hour int ts | hour int time
last_day date date | make_date date int @small @small | make_date date @small @small int | make_dt_interval dt ~@small ~@small ~@small ~dec
make_interval cal ~@small ~@small ~@small ~@small ~@small ~@small ~dec | make_time time @small @small dec | make_timestamp ts int @small @small @small @small dec ~@tz
make_timestamp_ltz ts @small @small @small @small @small dec ~@tz | make_timestamp_ntz ntz @small @small @small @small @small dec
make_timestamp ts date time ~@tz | make_timestamp_ntz ntz date time | make_ym_interval ym ~int ~@small | minute int ts | minute int time | month int date
monthname str date | months_between double ts ts ~bool | next_day date date @weekday | quarter int date | second int ts | second int time
time_diff long @unit_str time time | time_trunc time @trunc time | timestamp_micros ts long | timestamp_millis ts int | timestamp_seconds ts double
timestamp_seconds ts dec | to_date date str ~@fmt | to_date date ts | to_time time str ~@fmt | to_timestamp ts str ~@fmt | to_timestamp_ltz ts str ~@fmt
to_timestamp_ntz ntz str ~@fmt | to_unix_timestamp long str ~@fmt | to_unix_timestamp long ts | to_utc_timestamp ts ts @tz | trunc date date @trunc
try_make_interval cal ~int ~@small ~@small | try_make_timestamp ts int @small @small @small @small dec ~@tz | try_make_timestamp_ntz ntz @small @small @small @small @small dec
try_to_date date str ~@fmt | try_to_time time str ~@fmt | try_to_timestamp ts str ~@fmt | unix_date int date | unix_micros long ts | unix_millis long ts
unix_seconds long ts | unix_timestamp long str @fmt | unix_timestamp long date | weekday int date | weekofyear int date | year int date
time_from_micros time long | time_from_millis time @small | time_from_seconds time dec | time_to_micros long time | time_to_seconds dec time | time_to_millis long time
array arr int int | array arr_str str str | array_append arr arr int | array_compact arr arr | array_contains bool arr int | array_contains bool arr_dbl double
array_distinct arr arr | array_distinct arr_arr arr_arr | array_distinct arr_dbl arr_dbl | array_except arr arr arr | array_except arr_str arr_str arr_str
array_insert arr arr @small int | array_intersect arr_dbl arr_dbl arr_dbl | array_intersect arr arr arr | array_join str arr_str @delim ~@delim
array_max int arr | array_max double arr_dbl | array_max arr arr_arr | array_max any arr_st | array_min int arr | array_min str arr_str | array_position long arr int
array_position long arr_dbl double | array_prepend arr arr int | array_prepend arr_str arr_str str | array_remove arr arr int | array_remove arr_dbl arr_dbl double
array_repeat arr int @small | array_size int arr | array_union arr arr arr | array_union arr_dbl arr_dbl arr_dbl | arrays_overlap bool arr arr
arrays_overlap bool arr_str arr_str | arrays_zip any arr arr_str ~arr | flatten arr arr_arr | get int arr @small | get any arr_st @small | slice arr arr @small @small
sort_array arr arr ~bool_lit | sort_array arr_dbl arr_dbl ~bool_lit | sort_array arr_st arr_st | sort_array arr_str arr_str ~bool_lit | sequence arr tiny tiny ~@small
sequence any date date | cardinality int map | cardinality int arr | concat arr arr arr | concat str str any | concat bin bin bin | element_at int arr @small
element_at int map str | element_at str map_int int | reverse arr arr | reverse str str | size int arr | size int map | try_element_at int arr @small
try_element_at int map str | reverse arr_st arr_st
coalesce ord ord = ~= | if ord bool ord = | if any bool any any | ifnull ord ord = | nanvl double double num | nullif ord ord = | nullifzero num num | nvl any any any
nvl2 any any ord = | zeroifnull num num | coalesce any any any | nanvl float float float
from_csv any @csv 'a_int,_b_string' | schema_of_csv str @csv | to_csv str st | from_json any json @schema | get_json_object str json @path
json_array_length int json | json_object_keys arr_str json | schema_of_json str @jsonlit | to_json str st | to_json str map | to_json str arr_st | to_json str arr_arr
to_json str var | aggregate int arr @small @merge | array_sort arr arr ~@order | array_sort arr_dbl arr_dbl | array_sort arr_st arr_st | exists bool arr @bool1
filter arr arr @bool1 | forall bool arr @bool1 | map_filter map map @bool2 | map_zip_with map map map @lambda3 | reduce int arr int @merge
transform any arr @lambda1 | transform any arr_str @lambda1 | transform_keys any map @lambda2 | transform_values map map @lambda2 | zip_with any arr arr @lambda2
zip_with any arr_str arr_str @lambda2 | map map str int | map_concat map map map | map_contains_key bool map str | map_entries any map | map_from_arrays map arr_str arr
map_from_entries any arr_st | map_keys arr_str map | map_values arr map | str_to_map any str ~@sep ~@sep | map_from_arrays any arr_dbl arr_dbl
named_struct st 'a' int 'b' str | struct any any any | typeof str any | equal_null bool ord = | isnan bool num | isnotnull bool any | isnull bool any
like bool str @like | ilike bool str @like | rlike bool str @regex | regexp_like bool str @regex | regexp bool str @regex
parse_url str @url @part | try_parse_url str @url @part ~'q' | url_decode str str | try_url_decode str str | url_encode str str
is_variant_null bool var | parse_json var json | try_parse_json var json | schema_of_variant str var | to_variant_object var st | to_variant_object var map
variant_get any var @vpath @type | try_variant_get any var @vpath @type | is_valid_variant bool var | to_variant_object var arr_st
xpath arr_str @xml @xpath | xpath_boolean bool @xml @xpath | xpath_double double @xml @xpath | xpath_int int @xml @xpath | xpath_string str @xml @xpath
xpath_long long @xml @xpath | xpath_number double @xml @xpath | xpath_short small @xml @xpath | xpath_float float @xml @xpath | to_xml str st
bitmap_bit_position long long | bitmap_bucket_number long long | bitmap_count long bin | assert_true any bool | raise_error any str
aes_encrypt bin str @key @mode | try_aes_decrypt bin bin @key ~@mode | hll_sketch_estimate long bin | vector_norm float arr_f | e double | pi double
{a}+{b} num num num | {a}-{b} num num num | {a}*{b} num num num | {a}/{b} double num num | {a}_%_{b} num num num | {a}_div_{b} long num num
{a}+{b} date date int | {a}+{b} ts ts dt | {a}+{b} date date ym | {a}-{b} dt ts ts | {a}-{b} dt date date | {a}*{b} ym ym num | {a}/{b} dt dt num
{a}+{b} ts ts cal | {a}-{b} ntz ntz ym | {a}+{b} dt dt dt | {a}-{b} ym ym ym | {a}-{b} ts date ts | {a}/{b} ym ym int | {a}+{b} time time dt | {a}-{b} dt time time
{a}={b} bool ord = | {a}<{b} bool ord = | {a}<=>{b} bool ord = | {a}<>{b} bool ord = | {a}>={b} bool ord = | {a}={b} bool any any | {a}<{b} bool str num
{a}||{b} str str any | {a}||{b} arr arr arr | {a}_and_{b} bool bool bool | {a}_or_{b} bool bool bool | not_{a} bool bool | {a}_is_null bool any
{a}_is_not_distinct_from_{b} bool ord = | {a}_is_true bool bool | {a}_is_unknown bool bool | -{a} num num | ~{a} int int | +{a} num num | -{a} dt dt
{a}_between_{b}_and_{c} bool ord = = | {a}_in_({b},{c}) bool ord = = | {a}_not_in_({b},_null) bool ord = | {a}[{b}] int arr @small | {a}[{b}] int map str
{a}.a int st | {a}.b str st | {a}.a arr arr_st | {a}_like_{b} bool str @like | {a}_rlike_{b} bool str @regex | {a}_ilike_any_({b},{c}) bool str @like @like
case_when_{a}_then_{b}_else_{c}_end ord bool ord = | case_{a}_when_{b}_then_{c}_end any ord = any | extract({a}_from_{b}) int @fieldword ts
extract({a}_from_{b}) int @fieldword dt | cast({a}_as_{b}) any any @ddl | try_cast({a}_as_{b}) any any @ddl | cast({a}_as_{b}) any str @ddl | cast({a}_as_{b}) any num @ddl
cast({a}_as_string) str any | cast({a}_as_int) int num | cast({a}_as_double) double str | cast({a}_as_date) date str | cast({a}_as_timestamp) ts str
timestampadd({a},{b},{c}) ts @unit int ts | timestampdiff({a},{b},{c}) long @unit ts ts | dateadd({a},{b},{c}) ts @unit @small date | {a}::string str any
timestampadd({a},{b},{c}) ntz @unit @small ntz | timestampdiff({a},{b},{c}) long @unit date ntz | {a}:a var var | trim(both_{a}_from_{b}) str str str
overlay({a}_placing_{b}_from_{c}) str str str @small | substring({a}_from_{b}_for_{c}) str str @small @small | position({a}_in_{b}) int str str
"""

POOLS = {
    **values.POOLS,
    "unit_str": [f"'{unit}'" for unit in ("HOUR", "minute", "SECOND", "millisecond", "microsecond", "day")],
    "fieldword": ["year", "month", "dow", "week", "second", "minute", "hour", "day", "quarter", "doy", "yearofweek", "seconds"],
    "jsonlit": ["'{\"a\":1}'", "'[1,2.5]'", "'{\"a\":[{\"b\":null}]}'", "'1'", "'[]'", "'{\"a\":'"],
}


def signatures():
    found = []
    for line in SIGNATURES.strip().splitlines():
        for form in line.split(" | "):
            words = form.split()
            if len(words) >= 2 and words[0] not in ("&", "~") or words[0].startswith("{") and len(words) > 1:
                found.append((words[0], words[1], words[2:]))
    return found


class Expressions:
    """Draws expressions; `chance` decides, so the same seed gives the same ones."""

    def __init__(self, chance, only="", wrong=0.06, column=0.5):
        self.chance, self.wrong, self.column = chance, wrong, column
        self.forms = [form for form in signatures() if only in form[0]]
        self.by_result = {}
        for form in signatures():
            self.by_result.setdefault(form[1], []).append(form)

    def draw(self):
        """The name of the form, and an expression of it."""
        form = self.chance.choice(self.forms)
        return form[0], self.call(form, self.chance.choice([0, 0, 0, 1, 2]))

    def call(self, form, depth):
        name, _, words = form
        arguments, last = [], "any"
        for word in words:
            if word.startswith("~"):
                if self.chance.random() < 0.4:
                    break
                word = word[1:]
            text, last = self.argument(word, last, depth)
            arguments.append(text)
        if "{" in name:
            named = {letter: self.wrapped(text) for letter, text in zip("abc", arguments)}
            return name.replace("_", " ").format(**named)
        if arguments and self.chance.random() < 0.01:
            arguments.pop()
        return f"{name}({', '.join(arguments)})"

    @staticmethod
    def wrapped(text):
        return text if text.replace("_", "").isalnum() or text[:1] in "'(" or text[-1:] == ")" and " " not in text else f"({text})"

    def argument(self, word, last, depth):
        if word.startswith("@"):
            return self.chance.choice(POOLS[word[1:]]), last
        if word.startswith("'"):
            return word if word == "'UTF8_LCASE'" else word.replace("_", " "), last
        if word == "bool_lit":
            return self.chance.choice(["true", "false", "null"]), last
        if word == "arr_f":
            return self.chance.choice(["array(1f, 2f)", "array(float('nan'))", "null"]), last
        if word == "=":
            word = last
        kind = self.kind(word)
        if self.chance.random() < self.wrong:
            kind = self.chance.choice(list(values.TABLE))
        if depth and self.chance.random() < 0.6 and kind in self.by_result:
            return self.call(self.chance.choice(self.by_result[kind]), depth - 1), kind
        if self.chance.random() < self.column:
            return values.TABLE[kind][0], kind
        return self.chance.choice(values.literals(kind)) if self.chance.random() > 0.03 else "null", kind

    def kind(self, word):
        if word == "num":
            return self.chance.choice(values.NUMERIC)
        if word == "ord":
            return self.chance.choice(values.ORDERED)
        if word == "any":
            return self.chance.choice(list(values.TABLE))
        return word
