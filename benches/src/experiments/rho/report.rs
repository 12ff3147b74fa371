//! From trainings to rows and pictures.

use super::method::Method;
use super::study::{Run, Seed};
use crate::experiment::Outcome;
use crate::figure::{Bar, Figure, Image, Series};
use crate::row::Row;

/// A study with its names: where rows and pictures come from.
pub(crate) struct Report<'a> {
    pub name: &'a str,
    pub methods: &'a [Method],
    pub seeds: &'a [Seed],
}

impl Report<'_> {
    /// The position of the method with this suffix.
    pub(crate) fn at(&self, suffix: &str) -> usize {
        self.methods.iter().position(|m| m.suffix == suffix).expect("a method of this study")
    }

    /// One figure a seed.
    pub(crate) fn each(&self, figure: impl Fn(&Seed) -> f64) -> Vec<f64> {
        self.seeds.iter().map(figure).collect()
    }

    /// A row of one of the methods; its name is the study's with the method's suffix.
    pub(crate) fn row(
        &self,
        method: usize,
        metric: &str,
        unit: &str,
        figure: impl Fn(&Run) -> f64,
    ) -> Row {
        let name = format!("{}{}", self.name, self.methods[method].suffix);
        Row::learn(&name, metric, unit, &self.each(|seed| figure(&seed.runs[method])))
    }

    /// The method's steps to uniform's best accuracy, as a speedup.
    pub(crate) fn steps_speedup(&self, method: usize) -> Row {
        let uniform = self.at("-uniform");
        let speedups = self.each(|seed| seed.steps_speedup(method, uniform));
        let failed = speedups.iter().filter(|&&speedup| speedup == 0.0).count();
        let name = format!("{}{}", self.name, self.methods[method].suffix);
        Row::learn(&name, "steps_speedup", "×", &speedups).source(&format!(
            "uniform's steps to its best test accuracy ÷ these to it; {failed} of {} seeds never got there",
            speedups.len()
        ))
    }

    /// The method's accuracy above uniform's.
    pub(crate) fn accuracy_gain(&self, method: usize) -> Row {
        let uniform = self.at("-uniform");
        let gain = |seed: &Seed| seed.runs[method].accuracy() - seed.runs[uniform].accuracy();
        let name = format!("{}{}", self.name, self.methods[method].suffix);
        Row::learn(&name, "accuracy_gain", "points", &self.each(gain))
    }

    /// The test accuracy of a method's reference model.
    pub(crate) fn reference_accuracy(&self, method: usize) -> Row {
        let name = format!("{}{}-reference", self.name, self.methods[method].suffix);
        let accuracy = |seed: &Seed| {
            seed.reference(&self.methods[method]).expect("the method has one").accuracy
        };
        Row::learn(&name, "accuracy", "%", &self.each(accuracy))
            .source("of the model that the irreducible losses are from")
    }

    /// Accuracy of every method, and the wrong labels among its picks where the task has any.
    pub(crate) fn accuracies(&self, mut outcome: Outcome) -> Outcome {
        let noisy = self.has_noise();
        for method in 0..self.methods.len() {
            outcome = outcome.row(
                self.row(method, "accuracy", "%", Run::accuracy)
                    .source("mean of the last five evaluations"),
            );
            if noisy {
                outcome = outcome.row(
                    self.row(method, "corrupted_picked", "share", |run| run.corrupted)
                        .source("chosen examples with a wrong label; uniform shows the base rate"),
                );
            }
        }
        outcome
    }

    /// Learning curves of all methods; and wrong labels among the picks, where the task has any.
    pub(crate) fn curves(&self, title: &str) -> Vec<Figure> {
        let series = |i: usize| {
            let runs = self.seeds.iter().map(|seed| seed.runs[i].curve.clone()).collect();
            Series::new(self.methods[i].label, runs)
        };
        let all = (0..self.methods.len()).map(series).collect();
        let mut figures = vec![Figure::curves(title, "gradient steps", "test accuracy, %", all)];
        if self.has_noise() {
            figures.push(self.bars("Wrong labels among the chosen", |run| 100.0 * run.corrupted));
        }
        figures
    }

    /// A bar for each method, in percent of the chosen, with uniform's as the mark.
    pub(crate) fn bars(&self, title: &str, figure: impl Fn(&Run) -> f64) -> Figure {
        let base = self.row(self.at("-uniform"), "", "", &figure).measured;
        let bars = self.bars_where_known(title, "% of the chosen", |run| Some(figure(run)));
        bars.marked(base, "base rate")
    }

    /// A bar for each method of which this is known for every seed.
    pub(super) fn bars_where_known(
        &self,
        title: &str,
        unit: &str,
        figure: impl Fn(&Run) -> Option<f64>,
    ) -> Figure {
        let bar = |method: usize| {
            let values = self.seeds.iter().map(|seed| figure(&seed.runs[method]));
            let row = Row::learn("", "", unit, &values.collect::<Option<Vec<f64>>>()?);
            Some(Bar::new(self.methods[method].label, row.measured).spread(row.spread))
        };
        Figure::bars(title, unit, (0..self.methods.len()).filter_map(bar).collect())
    }

    /// What a method chose at one step of the first seed.
    pub(crate) fn chosen(&self, suffix: &str) -> Figure {
        let (method, seed) = (self.at(suffix), &self.seeds[0]);
        let image = |&row: &usize| {
            let (pixels, label) = seed.task.picture(row);
            Image::grey(28, 28, pixels, &label).marked(seed.task.corrupted[row])
        };
        Figure::images(
            &format!("Chosen by {}", self.methods[method].label),
            "At one step. The label stands below; a frame marks a wrong one.",
            8,
            seed.runs[method].shown.iter().map(image).collect(),
        )
    }

    fn has_noise(&self) -> bool {
        self.seeds.iter().any(|seed| seed.task.corrupted.contains(&true))
    }
}
