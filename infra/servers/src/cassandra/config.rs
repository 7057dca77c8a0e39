//! What one Cassandra on one machine is configured with.

use std::path::Path;

/// Cassandra 5's own list for JDK 17: it reaches into the JDK, and the JDK must be told.
const OPENED: [&str; 24] = [
    "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
    "--add-exports=java.base/java.lang.ref=ALL-UNNAMED",
    "--add-exports=java.base/java.lang.reflect=ALL-UNNAMED",
    "--add-exports=java.management.rmi/com.sun.jmx.remote.internal.rmi=ALL-UNNAMED",
    "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
    "--add-exports=java.rmi/sun.rmi.server=ALL-UNNAMED",
    "--add-exports=java.sql/java.sql=ALL-UNNAMED",
    "--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.module=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.loader=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.math=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.module=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.reflect=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.util.jar=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED",
];

/// The options of its JVM.
pub(super) fn java_options(folder: &Path) -> Vec<String> {
    let at = |name: &str| folder.join(name).display().to_string();
    let mut options: Vec<String> = OPENED.iter().map(|&option| option.to_owned()).collect();
    options.extend([
        "-Xms1g".to_owned(),
        "-Xmx1g".to_owned(),
        "-XX:+UseG1GC".to_owned(),
        "-Djdk.attach.allowAttachSelf=true".to_owned(),
        format!("-Djava.io.tmpdir={}", at("tmp")),
        format!("-Djna.tmpdir={}", at("tmp")),
        format!("-Dcassandra.config=file://{}", at("cassandra.yaml")),
        format!("-Dcassandra.storagedir={}", at("data")),
        format!("-Dlogback.configurationFile=file://{}", at("logback.xml")),
        "-Dcassandra-foreground=yes".to_owned(),
        // The superuser at once, and cheap hashes: every connection of a driver checks one.
        "-Dcassandra.superuser_setup_delay_ms=0".to_owned(),
        "-Dcassandra.auth_bcrypt_gensalt_log2_rounds=4".to_owned(),
        // It is alone: there is nobody to wait for.
        "-Dcassandra.skip_wait_for_gossip_to_settle=0".to_owned(),
        "-Dcassandra.ring_delay_ms=0".to_owned(),
    ]);
    options
}

/// `cassandra.yaml`. The commit log is synced before a write is acknowledged: with the default, a
/// killed server forgets what it acknowledged in its last 100 ms.
pub(super) fn yaml(folder: &Path, storage_port: u16, native_port: u16) -> String {
    let data = folder.join("data");
    let data = data.display();
    format!(
        r#"cluster_name: millrace
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
authenticator: PasswordAuthenticator
authorizer: AllowAllAuthorizer
role_manager: CassandraRoleManager
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
storage_port: {storage_port}
native_transport_port: {native_port}
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "127.0.0.1:{storage_port}"
commitlog_sync: batch
data_file_directories:
  - "{data}/data"
commitlog_directory: "{data}/commitlog"
saved_caches_directory: "{data}/saved_caches"
hints_directory: "{data}/hints"
cdc_raw_directory: "{data}/cdc_raw"
hinted_handoff_enabled: false
auto_snapshot: false
"#
    )
}

/// `logback.xml`: everything to the standard output, which is the log file.
pub(super) const LOGBACK: &str = r#"<configuration>
  <appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{ISO8601} %F:%L - %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="STDOUT" /></root>
</configuration>
"#;
