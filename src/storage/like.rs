//! Texts that hold another.

use sea_orm::sea_query::LikeExpr;

/// What a text that holds `needle` is like.
pub fn holding(needle: &str) -> LikeExpr {
    LikeExpr::new(format!("%{}%", escape_like(needle))).escape('\\')
}

/// A text in which `%`, `_` and `\` stand for themselves.
pub fn escape_like(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_")
}
