//! What the commands print for people, and as JSON.

use serde::Serialize;
use std::io::Write;
use tabrank::evaluate::Verdict;
use tabrank::pipeline::{Collection, Evaluation, Group, Learned, Reply, Standing, Tally};

/// Prints a line. A reader that has seen enough (`| head`) ends the program quietly.
pub fn print_line(line: std::fmt::Arguments) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{line}") {
        std::process::exit(i32::from(error.kind() != std::io::ErrorKind::BrokenPipe));
    }
}

/// [`print_line`] with a format string.
macro_rules! say {
    ($($argument:tt)*) => { $crate::cli::output::print_line(format_args!($($argument)*)) };
}
pub(crate) use say;

/// Prints a value as indented JSON.
pub fn json(value: &impl Serialize) {
    say!("{}", serde_json::to_string_pretty(value).expect("replies serialize"));
}

/// The beginning of a text, on one line.
pub fn shorten(text: &str) -> String {
    const CHARS: usize = 88;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARS) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line,
    }
}

/// Both rankings.
pub fn reply(reply: &Reply, collection: &Collection, top_k: usize, retriever: &str) {
    let text = |id: &str| collection.documents().iter().find(|d| d.id == id).map(|d| shorten(&d.text)).unwrap_or_default();
    say!("first stage, by {retriever} (first {} of a pool of {})", top_k.min(reply.retrieved.len()), reply.retrieved.len());
    for hit in reply.retrieved.iter().take(top_k) {
        say!("{:>4}. {:>7.4}  {:<26} {}", hit.rank, hit.score, hit.id, text(&hit.id));
    }
    say!("cross-encoder, by logit");
    for hit in &reply.reranked {
        let cut = if hit.truncated { " (truncated)" } else { "" };
        say!("{:>4}. {:>7.4}  {:<26} was {:>2}  {}{cut}", hit.rank, hit.logit, hit.id, hit.previous_rank, text(&hit.id));
    }
    let t = reply.timings_ms;
    say!("{}: embed {:.1} ms, retrieve {:.1} ms, rerank {:.1} ms", reply.device, t.embed, t.retrieve, t.rerank);
}

/// Metrics before and after, by group and pool size, and the traps that went wrong.
pub fn evaluation(evaluation: &Evaluation, retriever: &str) {
    say!("{:<14} {:>7} {:>7} {:>7} {:>7} {:>7} {:>11}", "", "p@1", "p@5", "hit@5", "mrr", "ndcg@10", "recall@pool");
    let line = |label: String, m: &tabrank::evaluate::Metrics, recall: String| {
        say!(
            "{label:<14} {:>7.3} {:>7.3} {:>7.3} {:>7.3} {:>7.3} {recall:>11}",
            m.precision_1,
            m.precision_5,
            m.hit_rate_5,
            m.mrr,
            m.ndcg_10
        );
    };
    for (name, of) in [("all", (|p| p.all) as fn(&tabrank::pipeline::PoolResult) -> Group), ("traps", |p| p.traps)] {
        let largest = of(&evaluation.largest);
        if largest.n == 0 {
            continue;
        }
        say!("{name} ({} queries)", largest.n);
        line(format!("  {retriever}"), &largest.before, String::new());
        for pool in &evaluation.pools {
            let group = of(pool);
            line(format!("  reranked {}", pool.pool), &group.after, format!("{:.3}", group.recall_at_pool));
        }
        let c = largest.ndcg_10;
        let verdict = match c.verdict {
            Verdict::Helps => "reranking helps",
            Verdict::Hurts => "reranking hurts",
            Verdict::Unclear => "no difference shown",
        };
        say!(
            "  ndcg@10 with a pool of {}: {:+.3} (95 % of redrawn samples: {:+.3} to {:+.3}), better for {} queries, worse for {}: {verdict}",
            evaluation.largest.pool,
            c.difference.mean,
            c.difference.low,
            c.difference.high,
            c.better,
            c.worse
        );
    }
    let report = &evaluation.trap_report;
    if report.outcomes.is_empty() {
        return;
    }
    say!(
        "of {} traps the first stage falls into {}; reranking corrects {} of these and falls into {} others",
        report.outcomes.len(),
        report.fell_in,
        report.corrected,
        report.spoiled
    );
    for outcome in report.outcomes.iter().filter(|o| !o.right.after) {
        say!("  wrong after reranking: {} ({}) {:?}: {} first", outcome.id, outcome.kind, outcome.text, outcome.first.after);
    }
}

/// Ways of ranking, one in a line.
pub fn standings(standings: &[Standing], pool: usize) {
    say!("{:<26} {:>7} {:>15}  {:>7} {:>15}  {:>7} {:>9} {:>9}", "", "ndcg@10", "95 %", "against", "95 %", "mrr", "traps", "twins");
    for standing in standings {
        let (own, against) = (standing.ndcg_10.after, standing.ndcg_10.difference);
        let tally = |tally: Option<Tally>| tally.map(|t| format!("{}/{}", t.right, t.n)).unwrap_or_default();
        say!(
            "{:<26} {:>7.3} {:>15}  {:>+7.3} {:>15}  {:>7.3} {:>9} {:>9}",
            standing.name,
            own.mean,
            format!("{:.3} to {:.3}", own.low, own.high),
            against.mean,
            format!("{:+.3} to {:+.3}", against.low, against.high),
            standing.metrics.mrr,
            tally(standing.traps),
            tally(standing.twins)
        );
    }
    let n = standings.first().map_or(0, |first| first.ndcg_10.n);
    say!("{n} queries; cross-encoders rerank the first {pool}; 95 % of redrawn samples; traps and twins: an answer comes first");
}

/// What was learned of the weight of the dense ranking.
pub fn learned(learned: &Learned) {
    say!("weight of the cosines against BM25, learned on all queries: {:.2}", learned.weight);
    for (i, fold) in learned.folds.iter().enumerate() {
        say!(
            "  fold {}: weight {:.2}, ndcg@10 {:.3} on what it was learned on, {:.3} held out",
            i + 1,
            fold.weight,
            fold.learned_on,
            fold.held_out
        );
    }
}
