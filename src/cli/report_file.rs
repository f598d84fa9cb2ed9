//! Reports in files. A file is opened before the run that it tells of, and replaced by a whole report or
//! not at all.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
};

use super::CommandError;

/// A report to be written to a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ReportFile {
    pub(super) format: ReportFormat,
    pub(super) path: PathBuf,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ReportFormat {
    Json,
    Text,
}

impl ReportFile {
    /// Reads `json:PATH`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wanted = "write json:PATH or text:PATH";
        let (format, path) = text.split_once(':').ok_or(wanted)?;
        let format = match format {
            "json" => ReportFormat::Json,
            "text" => ReportFormat::Text,
            other => return Err(format!("there is no report format `{other}`; {wanted}")),
        };
        if path.is_empty() {
            return Err(wanted.to_owned());
        }
        Ok(Self { format, path: path.into() })
    }

    fn failed(&self, source: io::Error) -> CommandError {
        CommandError::File { path: self.path.display().to_string(), source }
    }
}

/// A report file that can be written.
#[derive(Debug)]
pub(super) struct OpenReport {
    report: ReportFile,
    file: File,
    /// What becomes the report when it is whole; `None` where it is written in place, as to a pipe.
    beside: Option<PathBuf>,
}

impl OpenReport {
    /// Opens the file, without touching a report that is there.
    pub(super) fn open(report: &ReportFile) -> Result<Self, CommandError> {
        let report = report.clone();
        let found = fs::metadata(&report.path);
        let is_special = found.as_ref().is_ok_and(|found| !found.is_file() && !found.is_dir());
        if found.is_ok_and(|found| found.is_dir()) {
            return Err(report.failed(io::ErrorKind::IsADirectory.into()));
        }
        let beside = (!is_special).then(|| {
            let mut beside: OsString = report.path.clone().into();
            beside.push(".new");
            PathBuf::from(beside)
        });
        let open = match &beside {
            Some(beside) => File::create(beside),
            None => File::options().write(true).open(&report.path),
        };
        match open {
            Ok(file) => Ok(Self { report, file, beside }),
            Err(source) => Err(report.failed(source)),
        }
    }

    pub(super) fn format(&self) -> ReportFormat {
        self.report.format
    }

    /// Writes the report: whole, or not at all.
    pub(super) fn write(mut self, text: &str) -> Result<(), CommandError> {
        let mut written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.flush());
        if written.is_ok()
            && let Some(beside) = &self.beside
        {
            written = fs::rename(beside, &self.report.path);
            if written.is_ok() {
                self.beside = None;
            }
        }
        written.map_err(|source| self.report.failed(source))
    }
}

impl Drop for OpenReport {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // Nothing came of it.
            let _ = fs::remove_file(beside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(text: &str) -> Result<OpenReport, CommandError> {
        OpenReport::open(&ReportFile::parse(text).expect("a report"))
    }

    #[test]
    fn a_report_that_is_there_stays_until_the_new_one_is_whole() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("report.json");
        fs::write(&path, "old").expect("written");
        let report = format!("json:{}", path.display());
        drop(opened(&report).expect("it can be written"));
        assert_eq!(fs::read_to_string(&path).expect("there"), "old");
        opened(&report).expect("it can be written").write("new").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("there"), "new");
        assert_eq!(fs::read_dir(place.path()).expect("a directory").count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_told_when_it_is_opened() {
        let place = tempfile::tempdir().expect("a directory");
        let place = place.path().display();
        for wrong in [format!("json:{place}"), format!("json:{place}/none/report.json")] {
            assert!(opened(&wrong).is_err(), "{wrong}");
        }
        opened("text:/dev/null").expect("a device").write("text").expect("written");
    }

    #[test]
    fn a_report_names_its_format_and_path() {
        let report = ReportFile::parse("json:/tmp/a:b.json").expect("a report");
        assert_eq!(report.path, PathBuf::from("/tmp/a:b.json"));
        for wrong in ["json", "json:", "pdf:x"] {
            assert!(ReportFile::parse(wrong).is_err(), "{wrong}");
        }
    }
}
