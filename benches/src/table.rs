//! The table on the terminal.

use crate::row::Row;
use crate::saved::Change;

/// A figure with about four significant digits: `0.0123`, `2.513`, `1234`.
pub(crate) fn figure(x: f64) -> String {
    if !x.is_finite() {
        return "–".into();
    }
    let digits = match x.abs() {
        0.0 => 0,
        a if a >= 1000.0 => 0,
        a if a >= 1e-6 => (3 - a.log10().floor() as i32).max(0) as usize,
        _ => return format!("{x:.2e}"),
    };
    let text = format!("{x:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// `–` where there is none.
pub(crate) fn optional(text: Option<impl ToString>) -> String {
    text.map_or("–".into(), |text| text.to_string())
}

/// Whether the goal is kept, in words.
pub(crate) fn verdict(row: &Row) -> &'static str {
    match row.holds {
        Some(true) => "holds",
        Some(false) => "falls short",
        None => "",
    }
}

/// `measured` with its unit.
pub(crate) fn measured(row: &Row) -> String {
    format!("{} {}", figure(row.measured), row.unit).trim_end().to_owned()
}

/// The rows as aligned text, with a column for changes if there are any.
pub(crate) fn render(rows: &[Row], changes: Option<&[Option<Change>]>) -> String {
    let mut head = vec!["", "name", "metric", "measured", "spread", "n", "reference", "goal", ""];
    head.extend(changes.map(|_| "since"));
    let mut lines: Vec<Vec<String>> = vec![head.into_iter().map(str::to_owned).collect()];
    for (i, row) in rows.iter().enumerate() {
        let mut line = vec![
            row.kind.to_string(),
            row.name.clone(),
            row.metric.clone(),
            measured(row),
            format!("{} … {}", figure(row.spread[0]), figure(row.spread[1])),
            row.seeds.to_string(),
            optional(row.reference.map(figure)),
            optional(row.goal),
            verdict(row).to_owned(),
        ];
        line.extend(changes.map(|changes| optional(changes[i].as_ref())));
        lines.push(line);
    }
    align(&lines)
}

fn align(lines: &[Vec<String>]) -> String {
    let columns = lines[0].len();
    let width = |c: usize| lines.iter().map(|line| line[c].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Goal;

    #[test]
    fn figures_keep_four_digits() {
        for (x, expected) in [
            (0.0, "0"),
            (1234.56, "1235"),
            (2.51349, "2.513"),
            (-0.012345, "-0.01235"),
            (85.0, "85"),
            (1e-9, "1.00e-9"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(figure(x), expected);
        }
    }

    #[test]
    fn columns_are_aligned_and_goals_judged() {
        let rows = [
            Row::speed("rho-step", "ratio", "×", &[2.5]).goal(Goal::AtLeast(2.0)),
            Row::speed("gemm-512", "ratio", "×", &[0.5]).goal(Goal::AtLeast(0.85)),
        ];
        let text = render(&rows, None);
        let lines: Vec<&str> = text.lines().collect();
        let column = |line: &str, word: &str| line.split(word).next().unwrap().chars().count();
        assert_eq!(column(lines[1], ">= "), column(lines[2], ">= "));
        assert!(lines[1].ends_with("holds") && lines[2].ends_with("falls short"), "{text}");
    }
}
