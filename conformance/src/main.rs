//! The command line tool: see [`mqtt_assay::cli`].

fn main() -> std::process::ExitCode {
    mqtt_assay::cli::main()
}
