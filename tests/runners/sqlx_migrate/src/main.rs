//! sqlx's own migrator, run on the folder that is the argument, in the database that the PG… variables name.
use sqlx_core::{connection::ConnectOptions, migrate::Migrator};
use std::path::PathBuf;

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let done = runtime.block_on(async {
        let migrator = Migrator::new(folder).await?;
        let mut connection = sqlx_postgres::PgConnectOptions::new().connect().await?;
        migrator.run(&mut connection).await
    });
    if let Err(error) = done {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
