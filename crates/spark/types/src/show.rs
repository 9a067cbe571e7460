//! The tables that `df.show()` prints and that notebooks get as HTML (`Dataset.showString`, `.htmlString`).
//!
//! Widths count full-width characters twice and other characters as UTF-16 units, as Spark does. Callers say whether
//! there are more rows than shown, as only they know.

use std::fmt::Write;

use arrow::array::RecordBatch;

use crate::data_type::StructType;
use crate::html_entities::escape_html;
use crate::value_text::{TextStyle, format_value};
use crate::zone::Zone;

const MIN_COLUMN_WIDTH: usize = 3;

/// What `show` was asked for.
#[derive(Debug, Clone, Copy)]
pub struct ShowOptions<'a> {
    /// Rows to print at most; the batches may hold more.
    pub rows: usize,
    /// Characters of a cell to print at most; zero or less prints all, aligned left.
    pub truncate: i32,
    pub vertical: bool,
    pub zone: &'a Zone,
    /// There are rows beyond those printed.
    pub has_more: bool,
}

/// The text of `df.show(n, truncate, vertical)`. Its footer has no newline: clients print one behind everything.
pub fn show_string(structure: &StructType, batches: &[RecordBatch], options: &ShowOptions<'_>) -> String {
    let names: Vec<String> = structure.fields.iter().map(|field| escape_meta_characters(&field.name)).collect();
    let rows = cells(structure, batches, options);
    let mut out = if options.vertical {
        vertical_table(&names, &rows)
    } else {
        horizontal_table(&names, &rows, options.truncate > 0)
    };
    if options.vertical && rows.is_empty() {
        out.push_str("(0 rows)");
    } else {
        push_footer(&mut out, options);
    }
    out
}

/// The HTML table of `_repr_html_`.
pub fn html_string(structure: &StructType, batches: &[RecordBatch], options: &ShowOptions<'_>) -> String {
    let names: Vec<String> = structure.fields.iter().map(|field| escape_meta_characters(&field.name)).collect();
    let mut out = String::from("<table border='1'>\n");
    push_html_row(&mut out, &names, "th");
    for row in cells(structure, batches, options) {
        push_html_row(&mut out, &row, "td");
    }
    out.push_str("</table>\n");
    push_footer(&mut out, options);
    if options.has_more {
        out.push('\n');
    }
    out
}

fn push_html_row(out: &mut String, cells: &[String], tag: &str) {
    out.push_str("<tr>");
    // A row without cells still opens and closes one, since Spark joins cells between fixed ends.
    if cells.is_empty() {
        let _ = write!(out, "<{tag}></{tag}>");
    }
    for cell in cells {
        let _ = write!(out, "<{tag}>{}</{tag}>", escape_html(cell));
    }
    out.push_str("</tr>\n");
}

fn push_footer(out: &mut String, options: &ShowOptions<'_>) {
    if options.has_more {
        let noun = if options.rows == 1 { "row" } else { "rows" };
        let _ = write!(out, "only showing top {} {noun}", options.rows);
    }
}

/// The texts of the rows to print, cut to the width asked for.
fn cells(structure: &StructType, batches: &[RecordBatch], options: &ShowOptions<'_>) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            if rows.len() == options.rows {
                return rows;
            }
            let cells = structure.fields.iter().zip(batch.columns()).map(|(field, column)| {
                let text = format_value(column, row, &field.data_type, options.zone, TextStyle::Pretty);
                truncated(escape_meta_characters(&text), options.truncate)
            });
            rows.push(cells.collect());
        }
    }
    rows
}

/// Cut at `width` UTF-16 units, the last three of them dots where there is room for dots.
fn truncated(text: String, width: i32) -> String {
    let Some(width) = usize::try_from(width).ok().filter(|width| *width > 0) else { return text };
    if text.len() <= width || utf16_length(&text) <= width {
        return text;
    }
    if width < 4 { utf16_prefix(&text, width) } else { utf16_prefix(&text, width - 3) + "..." }
}

fn utf16_length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Java cuts between surrogates and prints `?` for the half that is left.
fn utf16_prefix(text: &str, units: usize) -> String {
    let mut out = String::new();
    let mut left = units;
    for c in text.chars() {
        if left == 0 {
            break;
        }
        if c.len_utf16() > left {
            out.push('?');
            break;
        }
        out.push(c);
        left -= c.len_utf16();
    }
    out
}

fn horizontal_table(names: &[String], rows: &[Vec<String>], align_right: bool) -> String {
    let mut widths = vec![MIN_COLUMN_WIDTH; names.len()];
    for row in std::iter::once(names).chain(rows.iter().map(Vec::as_slice)) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(display_width(cell));
        }
    }
    let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let separator = format!("+{}+\n", dashes.join("+"));
    let mut out = separator.clone();
    push_row(&mut out, names, &widths, align_right);
    out.push_str(&separator);
    for row in rows {
        push_row(&mut out, row, &widths, align_right);
    }
    out.push_str(&separator);
    out
}

fn push_row(out: &mut String, cells: &[String], widths: &[usize], align_right: bool) {
    out.push('|');
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if index > 0 {
            out.push('|');
        }
        let padding = width.saturating_sub(display_width(cell));
        if align_right {
            push_repeated(out, ' ', padding);
            out.push_str(cell);
        } else {
            out.push_str(cell);
            push_repeated(out, ' ', padding);
        }
    }
    out.push_str("|\n");
}

fn vertical_table(names: &[String], rows: &[Vec<String>]) -> String {
    let widest = |cells: &[String]| cells.iter().map(|cell| display_width(cell)).max().unwrap_or(0);
    let name_width = widest(names).max(MIN_COLUMN_WIDTH);
    let data_width = rows.iter().map(|row| widest(row)).max().unwrap_or(0).max(MIN_COLUMN_WIDTH);
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        let header = format!("-RECORD {index}");
        out.push_str(&header);
        push_repeated(&mut out, '-', (name_width + data_width + 5).saturating_sub(header.len()));
        out.push('\n');
        for (name, cell) in names.iter().zip(row) {
            out.push(' ');
            out.push_str(name);
            push_repeated(&mut out, ' ', name_width - display_width(name));
            out.push_str(" | ");
            out.push_str(cell);
            push_repeated(&mut out, ' ', data_width - display_width(cell));
            out.push_str(" \n");
        }
        if row.is_empty() {
            out.push('\n');
        }
    }
    out
}

fn push_repeated(out: &mut String, c: char, count: usize) {
    out.extend(std::iter::repeat_n(c, count));
}

/// Columns that a text takes on a terminal (`Utils.stringHalfWidth`).
pub fn display_width(text: &str) -> usize {
    text.chars().map(|c| c.len_utf16() + usize::from(is_full_width(c))).sum()
}

fn is_full_width(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE10}'..='\u{FE19}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{FFE0}'..='\u{FFE6}')
}

/// Control characters as their escapes (`SchemaUtils.escapeMetaCharacters`).
pub fn escape_meta_characters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{c}' => out.push_str("\\f"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{7}' => out.push_str("\\a"),
            c => out.push(c),
        }
    }
    out
}
