//! Shaders as they are handed to the device: a file or several, constants before them, repeated lines written out.

use std::fmt::Write;

/// The source of a pipeline. Equal sources are one pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shader {
    /// For messages.
    pub name: &'static str,
    /// WGSL.
    pub source: String,
}

impl Shader {
    /// Joins files after their constants.
    ///
    /// A line `@each(i, N) text` becomes N lines, `$i` in the text being replaced by 0 to N - 1; N is a number or a constant.
    /// WGSL has arrays for that, but software and some drivers keep an array in memory where names lie in registers.
    pub fn new(name: &'static str, constants: &[(&str, u32)], files: &[&str]) -> Self {
        let mut source = String::new();
        for (constant, value) in constants {
            writeln!(source, "const {constant} = {value}u;").expect("strings can be written to");
        }
        for line in files.iter().flat_map(|file| file.lines()) {
            match repeated(line, constants) {
                Some((index, count, text)) => {
                    for i in 0..count {
                        source.push_str(&text.replace(&format!("${index}"), &i.to_string()));
                        source.push('\n');
                    }
                }
                None => {
                    source.push_str(line);
                    source.push('\n');
                }
            }
        }
        Self { name, source }
    }
}

/// Index, count and text of a repeated line.
fn repeated<'l>(line: &'l str, constants: &[(&str, u32)]) -> Option<(&'l str, u32, &'l str)> {
    let (head, text) = line.trim_start().strip_prefix("@each(")?.split_once(") ")?;
    let (index, count) = head.split_once(", ")?;
    let count = count.parse().ok().or_else(|| constants.iter().find(|(name, _)| *name == count).map(|(_, value)| *value));
    Some((index, count.expect("a number or a constant of the shader"), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_come_first_and_lines_are_repeated() {
        let shader = Shader::new("test", &[("N", 2)], &["a;\n  @each(i, N) b$i = $iu;", "@each(j, 1) c$j;"]);
        assert_eq!(shader.source, "const N = 2u;\na;\nb0 = 0u;\nb1 = 1u;\nc0;\n");
    }
}
