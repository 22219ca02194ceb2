//! Filters as SQL: the and/or/not structure becomes SQL, each test a call of one registered function.
//!
//! `listbridge_test(c3, 0)` asks test number 0 of this query about the value of `c3`. So what a condition means is
//! written once, in [`Test::matches`], and no text of a person is part of a statement.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{FromSqlError, ValueRef};
use rusqlite::{Connection, Result, params};

use crate::profiles::{Filter, ProfileRow, Scan, Test};

/// No limit, in SQL.
const UNLIMITED: i64 = -1;

pub(super) fn scan(
    connection: &Connection,
    scan: &Scan<'_>,
    each: &mut dyn FnMut(&ProfileRow<'_>) -> ControlFlow<()>,
) -> Result<()> {
    let mut sql = "SELECT rowid".to_owned();
    for column in scan.columns {
        push(&mut sql, format_args!(",c{column}"));
    }
    sql.push_str(" FROM profiles WHERE rowid > ?1 AND ");
    push_filter(connection, scan.filter, &mut sql)?;
    sql.push_str(" ORDER BY rowid LIMIT ?2");

    let limit = scan.limit.map_or(UNLIMITED, saturating_i64);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params![saturating_i64(scan.after_row), limit])?;
    let mut text = String::new();
    let mut ends = Vec::with_capacity(scan.columns.len());
    while let Some(row) = rows.next()? {
        text.clear();
        ends.clear();
        for index in 1..=scan.columns.len() {
            text.push_str(row.get_ref(index)?.as_str()?);
            ends.push(text.len());
        }
        let number: i64 = row.get(0)?;
        let row = ProfileRow::new(number.unsigned_abs(), &text, &ends);
        if each(&row).is_break() {
            break;
        }
    }
    Ok(())
}

pub(super) fn count(connection: &Connection, filter: &Filter) -> Result<u64> {
    let mut sql = "SELECT count(*) FROM profiles WHERE ".to_owned();
    push_filter(connection, filter, &mut sql)?;
    let count: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Appends `filter` as SQL and registers its tests on the connection, which serves this one query.
fn push_filter(connection: &Connection, filter: &Filter, sql: &mut String) -> Result<()> {
    let mut tests = Vec::new();
    push_condition(filter, &mut tests, sql);
    if tests.is_empty() {
        return Ok(());
    }
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("listbridge_test", 2, flags, move |context| {
        run_test(&tests, context)
    })
}

fn run_test(tests: &[Test], context: &Context<'_>) -> Result<bool> {
    let value = match context.get_raw(0) {
        ValueRef::Text(text) => std::str::from_utf8(text).map_err(FromSqlError::other)?,
        _ => "",
    };
    let index: u32 = context.get(1)?;
    Ok(tests[index as usize].matches(value))
}

fn push_condition(filter: &Filter, tests: &mut Vec<Test>, sql: &mut String) {
    match filter {
        Filter::All(filters) => push_list(filters, " AND ", "1", tests, sql),
        Filter::Any(filters) => push_list(filters, " OR ", "0", tests, sql),
        Filter::Not(filter) => {
            sql.push_str("NOT ");
            push_condition(filter, tests, sql);
        }
        Filter::Test { column, test } => {
            push(
                sql,
                format_args!("listbridge_test(c{column},{})", tests.len()),
            );
            tests.push(test.clone());
        }
    }
}

/// SQLite builds lists as left-leaning trees and refuses trees deeper than 1,000, so long lists are split in halves.
fn push_list(
    filters: &[Filter],
    operator: &str,
    when_empty: &str,
    tests: &mut Vec<Test>,
    sql: &mut String,
) {
    match filters {
        [] => sql.push_str(when_empty),
        [only] => push_condition(only, tests, sql),
        _ => {
            let (left, right) = filters.split_at(filters.len() / 2);
            sql.push('(');
            push_list(left, operator, when_empty, tests, sql);
            sql.push_str(operator);
            push_list(right, operator, when_empty, tests, sql);
            sql.push(')');
        }
    }
}

fn push(sql: &mut String, text: std::fmt::Arguments<'_>) {
    sql.write_fmt(text)
        .expect("writing to a String cannot fail");
}

fn saturating_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
