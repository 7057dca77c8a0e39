//! Starts and stops the real servers that tests and people run Millrace against.
