//! What a component is made of, looked at before it is compiled: the compiler's time and memory grow faster than a
//! function does, so that one function of a hundred thousand branches takes minutes.

use wasmparser::{FunctionBody, Operator, Parser, Payload};

/// The most functions of a component.
const MAX_FUNCTIONS: usize = 50_000;
/// The largest function, in bytes: the interpreters of scripting languages have some of a few hundred KiB.
const MAX_BODY: usize = 512 * 1_024;
/// The most places of a function where the flow of control parts or meets: blocks, loops, ifs, and the targets of a
/// table of branches.
const MAX_BRANCHES: usize = 20_000;
/// How many loops may be within each other.
const MAX_NESTED_LOOPS: usize = 64;
/// The most that a function's loops times its variables may be: a variable may be another in each loop.
const MAX_LOOPS_TIMES_LOCALS: usize = 250_000;
/// The same of all its branches.
const MAX_BRANCHES_TIMES_LOCALS: usize = 2_000_000;

/// Refuses what would take too long to compile. What is damaged is left to the compiler, which says better how.
pub(super) fn check(component: &[u8]) -> Result<(), String> {
    let mut functions = 0;
    for payload in Parser::new(0).parse_all(component) {
        let Ok(Payload::CodeSectionEntry(body)) = payload else { continue };
        functions += 1;
        if functions > MAX_FUNCTIONS {
            return Err(format!("expected at most {MAX_FUNCTIONS} functions: split the plugin"));
        }
        let size = body.range().len();
        let measured = Measured::of(&body).unwrap_or_default();
        if let Some((what, most, found)) = measured.excess(size) {
            return Err(format!(
                "function {functions} takes too long to compile: expected at most {most} {what}, found {found}: \
                 split it, or have it optimised for size"
            ));
        }
    }
    Ok(())
}

/// What the time to compile a function depends on.
#[derive(Debug, Default)]
struct Measured {
    locals: usize,
    loops: usize,
    nested_loops: usize,
    branches: usize,
}

impl Measured {
    fn of(body: &FunctionBody<'_>) -> wasmparser::Result<Self> {
        let mut measured = Self::default();
        for locals in body.get_locals_reader()? {
            let (count, _) = locals?;
            measured.locals = measured.locals.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
        }
        // What is open at a place: whether each is a loop.
        let (mut open, mut open_loops) = (Vec::new(), 0);
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            match operator {
                Operator::Loop { .. } => {
                    measured.loops += 1;
                    open_loops += 1;
                    measured.nested_loops = measured.nested_loops.max(open_loops);
                    open.push(true);
                }
                Operator::Block { .. } | Operator::If { .. } => open.push(false),
                Operator::End if open.pop() == Some(true) => open_loops -= 1,
                _ => {}
            }
            measured.branches += match operator {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::Else
                | Operator::BrIf { .. } => 1,
                Operator::BrTable { targets } => usize::try_from(targets.len()).unwrap_or(usize::MAX),
                _ => 0,
            };
        }
        Ok(measured)
    }

    /// The first bound that is exceeded, as what, how much it may be, and how much it is.
    fn excess(&self, size: usize) -> Option<(&'static str, usize, usize)> {
        let locals = self.locals.max(1);
        [
            ("branches", MAX_BRANCHES, self.branches),
            ("bytes", MAX_BODY, size),
            ("loops within each other", MAX_NESTED_LOOPS, self.nested_loops),
            ("loops times local variables", MAX_LOOPS_TIMES_LOCALS, self.loops.saturating_mul(locals)),
            ("branches times local variables", MAX_BRANCHES_TIMES_LOCALS, self.branches.saturating_mul(locals)),
        ]
        .into_iter()
        .find(|(_, most, found)| found > most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_is_held_to() {
        let text = |found: Option<(&str, usize, usize)>| found.map(|(what, _, found)| format!("{found} {what}"));
        for (locals, loops, branches, size, expected) in [
            (50, 100, 20_000, 524_288, None),
            (0, 0, 0, 524_289, Some("524289 bytes")),
            (0, 0, 120_000, 1, Some("120000 branches")),
            (1_000, 251, 251, 1, Some("251000 loops times local variables")),
            (1_000, 1, 2_001, 1, Some("2001000 branches times local variables")),
            (usize::MAX, 2, 2, 1, Some("18446744073709551615 loops times local variables")),
        ] {
            let measured = Measured { locals, loops, nested_loops: 0, branches };
            assert_eq!(text(measured.excess(size)).as_deref(), expected, "{measured:?}");
        }
        let nested = Measured { nested_loops: 65, ..Measured::default() };
        assert_eq!(text(nested.excess(1)).as_deref(), Some("65 loops within each other"));
    }
}
