//! Problem answers.
