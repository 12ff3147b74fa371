//! `report.html`: one page that needs nothing else, with every row and every picture.

mod axis;
mod bars;
mod curves;
mod heatmap;
mod images;
mod svg;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use crate::experiment::Outcome;
use crate::figure::Figure;
use crate::row::{Kind, Row};
use crate::saved::{Change, Run, write_whole};
use crate::table::{figure, measured, optional, verdict};
use svg::escape;

/// What one experiment gave.
pub(crate) struct Section {
    /// Its name.
    pub(crate) name: &'static str,
    /// Learning or speed.
    pub(crate) kind: Kind,
    /// What it measures.
    pub(crate) about: &'static str,
    /// Rows and pictures.
    pub(crate) outcome: Outcome,
    /// Why there are none.
    pub(crate) error: Option<String>,
    /// How long it took.
    pub(crate) seconds: f64,
}

/// Writes the page.
pub(crate) fn write(
    file: &Path,
    run: &Run,
    sections: &[Section],
    changes: Option<&[Option<Change>]>,
) -> Result<()> {
    write_whole(file, &page(run, sections, changes))
}

fn page(run: &Run, sections: &[Section], changes: Option<&[Option<Change>]>) -> String {
    let of = |kind| sections.iter().filter(move |section| section.kind == kind);
    let mut body = summary(&run.rows);
    if of(Kind::Learn).count() > 0 {
        let _ = write!(body, "<h2>Learning</h2>{}", table(&run.rows, Kind::Learn, changes));
        of(Kind::Learn).for_each(|section| body.push_str(&claim(section)));
    }
    if of(Kind::Speed).count() > 0 {
        let _ = write!(body, "<h2>Speed</h2>{}", table(&run.rows, Kind::Speed, changes));
        body.push_str("<div class=\"figures\">");
        body.push_str(&ratios(&run.rows));
        of(Kind::Speed).for_each(|section| body.push_str(&work(section)));
        body.push_str("</div>");
    }
    let environment = escape(&run.environment.line());
    let style = include_str!("style.css");
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Seedbed: the scoreboard</title>\
         <style>{style}</style></head>\n<body><header><h1>Seedbed</h1>\
         <p>{environment}</p></header>\n<main>{body}</main></body></html>\n"
    )
}

/// How many goals hold.
fn summary(rows: &[Row]) -> String {
    let holding = rows.iter().filter(|row| row.holds == Some(true)).count();
    let short = rows.iter().filter(|row| row.holds == Some(false)).count();
    let tile = |number: usize, class: &str, label: &str| {
        format!("<div class=\"tile {class}\"><b>{number}</b><span>{label}</span></div>")
    };
    format!(
        "<div class=\"tiles\">{}{}{}</div>",
        tile(holding, "holds", "goals hold"),
        tile(short, "short", "fall short"),
        tile(rows.len() - holding - short, "", "figures without a goal"),
    )
}

fn table(rows: &[Row], kind: Kind, changes: Option<&[Option<Change>]>) -> String {
    let since = changes.map_or("", |_| "<th>since</th>");
    let mut html = format!(
        "<div class=\"scroll\"><table><thead><tr><th>name</th><th>metric</th>\
         <th class=\"n\">measured</th><th class=\"n\">spread</th><th class=\"n\">n</th>\
         <th class=\"n\">reference</th><th>goal</th><th></th>{since}<th>source</th></tr></thead><tbody>"
    );
    let mut previous = "";
    for (i, row) in rows.iter().enumerate().filter(|(_, row)| row.kind == kind) {
        let first = if row.name == previous { "" } else { " class=\"first\"" };
        let name = if row.name == previous { String::new() } else { escape(&row.name) };
        let change = changes.map_or(String::new(), |changes| {
            format!("<td>{}</td>", escape(&optional(changes[i].as_ref())))
        });
        let _ = write!(
            html,
            "<tr{first}><th>{name}</th><td>{}</td><td class=\"n\"><b>{}</b></td>\
             <td class=\"n dim\">{} … {}</td><td class=\"n dim\">{}</td><td class=\"n\">{}</td>\
             <td>{}</td><td>{}</td>{change}<td class=\"dim\">{}</td></tr>",
            escape(&row.metric),
            escape(&measured(row)),
            figure(row.spread[0]),
            figure(row.spread[1]),
            row.seeds,
            row.reference.map(figure).unwrap_or_default(),
            escape(&row.goal.map_or(String::new(), |goal| goal.to_string())),
            badge(row),
            escape(&row.source),
        );
        previous = &row.name;
    }
    html + "</tbody></table></div>"
}

fn badge(row: &Row) -> String {
    let class = if row.holds == Some(true) { "holds" } else { "short" };
    match verdict(row) {
        "" => String::new(),
        words => format!("<span class=\"badge {class}\">{words}</span>"),
    }
}

/// One bar a speed row that has a peer: how many times faster than the best of them.
fn ratios(rows: &[Row]) -> String {
    let bars: Vec<_> = rows
        .iter()
        .filter(|row| row.kind == Kind::Speed && row.metric == "ratio")
        .map(|row| crate::Bar::new(&row.name, row.measured).spread(row.spread))
        .collect();
    if bars.is_empty() {
        return String::new();
    }
    let title = "Speed beside the best of the others";
    let figure = Figure::bars(title, "best other ÷ ours (longer is faster)", bars);
    draw(&figure.marked(1.0, "equally fast"), "")
}

/// A learning claim: a heading, what it is, its pictures.
fn claim(section: &Section) -> String {
    let Section { name, about, outcome, seconds, .. } = section;
    let (name, about, error) = (escape(name), escape(about), not_measured(section));
    let figures: String = outcome.figures.iter().map(|figure| draw(figure, "")).collect();
    format!(
        "<section><h3>{name}</h3><p>{about} <span class=\"dim\">({seconds:.0} s)</span></p>{error}\
         <div class=\"figures\">{figures}</div></section>\n"
    )
}

/// A speed row's pictures, with what the work is as their caption.
fn work(section: &Section) -> String {
    let error = not_measured(section);
    let error = if error.is_empty() { error } else { format!("{}: {error}", section.name) };
    let figures = section.outcome.figures.iter().map(|figure| draw(figure, section.about));
    error + &figures.collect::<String>()
}

fn not_measured(section: &Section) -> String {
    section.error.as_ref().map_or(String::new(), |error| {
        format!("<p class=\"error\">Not measured: {}</p>", escape(error))
    })
}

fn draw(figure: &Figure, about: &str) -> String {
    let (picture, caption) = match figure {
        Figure::Curves { x_label, y_label, series, .. } => {
            (curves::draw(x_label, y_label, series), about)
        }
        Figure::Bars { x_label, bars, mark, .. } => {
            (bars::draw(x_label, bars, mark.as_ref()), about)
        }
        Figure::Images { columns, side, images, caption, .. } => {
            (images::draw(*columns, *side, images), caption.as_str())
        }
        Figure::Heatmap { rows, columns, values, .. } => {
            (heatmap::draw(rows, columns, values), about)
        }
    };
    let (title, caption) = (escape(figure.title()), escape(caption));
    format!("<figure><figcaption><b>{title}</b> {caption}</figcaption>{picture}</figure>")
}
