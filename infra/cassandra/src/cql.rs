//! CQL as tokens and statements: as much of it as a lint and a reader of `CREATE TABLE` need.

/// The text is not CQL, or not of a form that the schema may use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct CqlError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// A piece of CQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The line it stands on, from 1.
    pub line: usize,
    /// What it is.
    pub kind: Kind,
}

/// Kinds of piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A keyword or a name, in small letters; a name in double quotes as it is.
    Word(String),
    /// A number or a text in single quotes, as it is.
    Constant(String),
    /// Anything else: `(`, `,`, `?`, `=`, `<` and so on.
    Sign(char),
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its pieces, the `;` left out; at least one.
    pub tokens: Vec<Token>,
}

impl Statement {
    /// The line it starts on, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.tokens.first().map_or(1, |token| token.line)
    }

    /// Whether it starts with these words.
    #[must_use]
    pub fn starts_with(&self, words: &[&str]) -> bool {
        words.len() <= self.tokens.len()
            && words
                .iter()
                .zip(&self.tokens)
                .all(|(word, token)| token.is(word))
    }

    /// Where these words stand next to each other for the first time.
    #[must_use]
    pub fn find(&self, words: &[&str]) -> Option<usize> {
        self.tokens
            .windows(words.len())
            .position(|window| words.iter().zip(window).all(|(word, token)| token.is(word)))
    }

    /// The statement as text, on one line.
    #[must_use]
    pub fn text(&self) -> String {
        let pieces: Vec<String> = self.tokens.iter().map(Token::text).collect();
        pieces.join(" ")
    }
}

impl Token {
    /// Whether it is this word, or this sign.
    #[must_use]
    pub fn is(&self, what: &str) -> bool {
        match &self.kind {
            Kind::Word(word) => word == what,
            Kind::Constant(_) => false,
            Kind::Sign(sign) => what.chars().eq([*sign]),
        }
    }

    /// The name it is.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    fn text(&self) -> String {
        match &self.kind {
            Kind::Word(text) | Kind::Constant(text) => text.clone(),
            Kind::Sign(sign) => sign.to_string(),
        }
    }
}

/// The statements of a text; comments are left out. A batch is one statement, up to `APPLY BATCH`.
///
/// # Errors
/// A quote or a comment that does not end.
pub fn statements(text: &str) -> Result<Vec<Statement>, CqlError> {
    let mut statements = Vec::new();
    let mut open = Statement { tokens: Vec::new() };
    for token in tokens(text)? {
        let in_batch = open.starts_with(&["begin"]) && open.find(&["apply"]).is_none();
        if !token.is(";") || in_batch {
            open.tokens.push(token);
        } else if !open.tokens.is_empty() {
            statements.push(std::mem::replace(
                &mut open,
                Statement { tokens: Vec::new() },
            ));
        }
    }
    if !open.tokens.is_empty() {
        statements.push(open);
    }
    Ok(statements)
}

/// The pieces of a text.
fn tokens(text: &str) -> Result<Vec<Token>, CqlError> {
    let mut tokens = Vec::new();
    let (mut line, mut rest) = (1, text);
    while let Some(first) = rest.chars().next() {
        let (length, kind) = piece(first, rest).map_err(|what| CqlError { line, what })?;
        let (taken, behind) = rest.split_at(length);
        if let Some(kind) = kind {
            tokens.push(Token { line, kind });
        }
        line += taken.matches('\n').count();
        rest = behind;
    }
    Ok(tokens)
}

/// The piece a text starts with, and its bytes; blanks and comments are no piece.
fn piece(first: char, rest: &str) -> Result<(usize, Option<Kind>), String> {
    if rest.starts_with("--") || rest.starts_with("//") {
        return Ok((rest.find('\n').unwrap_or(rest.len()), None));
    }
    if rest.starts_with("/*") {
        let end = rest.find("*/").ok_or("a comment does not end")?;
        return Ok((end + 2, None));
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let word_end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    Ok(match first {
        c if c.is_whitespace() => (c.len_utf8(), None),
        c if c.is_ascii_digit() => (word_end, Some(Kind::Constant(rest[..word_end].to_owned()))),
        c if is_word(c) => {
            let word = rest[..word_end].to_ascii_lowercase();
            (word_end, Some(Kind::Word(word)))
        }
        '\'' => {
            let end = quoted('\'', rest).ok_or("a text does not end")?;
            (end, Some(Kind::Constant(rest[..end].to_owned())))
        }
        '"' => {
            let end = quoted('"', rest).ok_or("a quoted name does not end")?;
            (end, Some(Kind::Word(rest[1..end - 1].to_owned())))
        }
        c => (c.len_utf8(), Some(Kind::Sign(c))),
    })
}

/// Where a quoted text ends; a quote within is written twice.
fn quoted(quote: char, rest: &str) -> Option<usize> {
    let mut place = 1;
    loop {
        place += rest.get(place..)?.find(quote)? + 1;
        if !rest[place..].starts_with(quote) {
            return Some(place);
        }
        place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_with_a_semicolon_that_is_not_quoted_or_commented() {
        let text = "SELECT 1; -- one; two\nINSERT INTO t (a) VALUES ('x;''y') /* ; */;\n\n;INSERT";
        let found = statements(text).expect("statements");
        let texts: Vec<String> = found.iter().map(Statement::text).collect();
        assert_eq!(
            texts,
            [
                "select 1",
                "insert into t ( a ) values ( 'x;''y' )",
                "insert"
            ]
        );
        assert_eq!(
            found.iter().map(Statement::line).collect::<Vec<_>>(),
            [1, 2, 4]
        );
    }

    #[test]
    fn a_batch_is_one_statement() {
        let text = "BEGIN UNLOGGED BATCH INSERT INTO t; INSERT INTO t; APPLY BATCH; SELECT 1";
        assert_eq!(statements(text).expect("statements").len(), 2);
    }

    #[test]
    fn what_does_not_end_is_refused_with_its_line() {
        for text in ["\n'x", "\n\"x", "\n/* x"] {
            assert_eq!(statements(text).expect_err(text).line, 2);
        }
    }
}
