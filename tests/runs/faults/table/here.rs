//! What goes wrong on this side: the clock, the disk, the database.

use super::{At, Cell, Given, Outcome, Phase, Size, Step, after, delivered};

/// Phases of a run, and where they are in words.
const PHASES: [(Phase, &str); 4] = [
    (Phase::Begins, "before the first part"),
    (Phase::FirstPart, "while the first part is answered"),
    (Phase::Middle, "while a later part is answered"),
    (Phase::Accounting, "while the activities are read"),
];

pub(super) fn cells() -> Vec<Cell> {
    let cell = |name: &str, given, must| Cell::new(At::Here, name, given, must);
    let all = |uploads| Outcome {
        members: 20_000,
        ..delivered(uploads)
    };
    let steps = [
        ("over 00:00 UTC", Step::OverMidnight),
        ("back two hours", Step::Hours(-2)),
        ("forward two hours", Step::Hours(2)),
    ];
    let mut cells: Vec<Cell> = steps
        .map(|(how, step)| {
            let name = format!("clock steps {how} in mid-run");
            cell(&name, Given::Clock(step), all(3)).of(Size::Three)
        })
        .into();
    cells.push(cell(
        "clock steps back two hours while the run waits to ask again what has arrived",
        Given::ClockWhileWaiting,
        after("certainty", delivered(1)),
    ));
    for (phase, when) in PHASES {
        let (size, uploads) = match phase {
            Phase::Middle => (Size::Three, 3),
            _ => (Size::One, 1),
        };
        let delivered = match size {
            Size::Three => all(uploads),
            _ => delivered(uploads),
        };
        let full = format!("disk full {when}");
        let given = Given::DiskFull(phase);
        cells.push(cell(&full, given, after("storage", delivered.clone())).of(size));
        let locked = format!("database locked {when}");
        cells.push(cell(&locked, Given::Locked(phase), delivered).of(size));
    }
    cells
}
