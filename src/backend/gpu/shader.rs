//! Shaders: a file or several, constants before them, and lines that are repeated.

use std::fmt::Write;

/// What a pipeline is made of. Its source is written out only when one is made: every operation names its shader each time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shader {
    /// For messages.
    pub name: &'static str,
    constants: Vec<(&'static str, u32)>,
    files: Vec<&'static str>,
}

impl Shader {
    /// Files, joined after their constants.
    ///
    /// A line `@each(i, N) text` becomes N lines, `$i` in the text being replaced by 0 to N - 1, and `$[i / M]` and `$[i % M]` by
    /// quotient and remainder; N is a number or a constant. The text may begin with another `@each`. WGSL has arrays for
    /// that, but software and some drivers keep an array in memory where names lie in registers.
    pub fn new(name: &'static str, constants: &[(&'static str, u32)], files: &[&'static str]) -> Self {
        Self { name, constants: constants.to_vec(), files: files.to_vec() }
    }

    /// WGSL.
    pub fn source(&self) -> String {
        let mut source = String::new();
        for (constant, value) in &self.constants {
            writeln!(source, "const {constant} = {value}u;").expect("strings can be written to");
        }
        for line in self.files.iter().flat_map(|file| file.lines()) {
            write_line(&mut source, line, &self.constants);
        }
        source
    }
}

/// Writes a line as often as it says.
fn write_line(source: &mut String, line: &str, constants: &[(&str, u32)]) {
    match repeated(line, constants) {
        Some((index, count, text)) => (0..count).for_each(|i| write_line(source, &with_index(text, index, i), constants)),
        None => {
            source.push_str(line);
            source.push('\n');
        }
    }
}

/// Index, count and text of a repeated line.
fn repeated<'l>(line: &'l str, constants: &[(&str, u32)]) -> Option<(&'l str, u32, &'l str)> {
    let (head, text) = line.trim_start().strip_prefix("@each(")?.split_once(") ")?;
    let (index, count) = head.split_once(", ")?;
    let count = count.parse().ok().or_else(|| constants.iter().find(|(name, _)| *name == count).map(|(_, value)| *value));
    Some((index, count.expect("a number or a constant of the shader"), text))
}

/// A text for one value of an index.
fn with_index(text: &str, index: &str, value: u32) -> String {
    let mut out = text.replace(&format!("${index}"), &value.to_string());
    for (sign, apply) in [('/', u32::wrapping_div as fn(u32, u32) -> u32), ('%', u32::wrapping_rem)] {
        let start = format!("$[{index} {sign} ");
        while let Some((before, rest)) = out.split_once(&start) {
            let (by, after) = rest.split_once(']').expect("a closing bracket");
            let result = apply(value, by.parse().expect("a number to divide by"));
            out = format!("{before}{result}{after}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_come_first_and_lines_are_repeated() {
        let shader = Shader::new("test", &[("N", 2)], &["a;\n  @each(i, N) b$i = $iu;", "@each(j, 1) c$j;"]);
        assert_eq!(shader.source(), "const N = 2u;\na;\nb0 = 0u;\nb1 = 1u;\nc0;\n");
        let shader = Shader::new("test", &[], &["@each(i, 2) @each(j, 2) a$i_$j;", "@each(i, 3) b$[i / 2]_$[i % 2];"]);
        assert_eq!(shader.source(), "a0_0;\na0_1;\na1_0;\na1_1;\nb0_0;\nb0_1;\nb1_0;\n");
    }
}
