/** Spellings of one kind of setting: valid ones with their values, and invalid ones. */
interface Spellings {
  good: readonly (readonly [text: string, value: unknown])[];
  bad: readonly string[];
}

const long = (length: number) => "x".repeat(length);

/** Not numbers, whatever the range. */
const noNumbers = [
  " ",
  " 5",
  "5 ",
  "\u00a05",
  "5\n",
  "+5",
  "-5",
  "-0",
  "5.0",
  "5.",
  "1e3",
  "0x10",
  "0b11",
  "0o17",
  "1_000",
  "1,000",
  "1 000",
  "05",
  "five",
  "٥",
  "５",
  "NaN",
  "Infinity",
  "5n",
  "5ms",
  "5 # five",
  "5;",
  '"5"',
  "true",
  "null",
  "9007199254740993",
  "99999999999999999999",
];

const number = (min: number, max = Number.MAX_SAFE_INTEGER): Spellings => ({
  good: [...new Set([min, 1023, max])].map((value) => [`${value}`, value]),
  bad: [...noNumbers, ...(min > 0 ? [`${min - 1}`] : []), ...(max < Number.MAX_SAFE_INTEGER ? [`${max + 1}`] : [])],
});

const path: Spellings = {
  good: [
    ["/absolute/path with blanks", "/absolute/path with blanks"],
    ["/with/#/and=/and'/quote", "/with/#/and=/and'/quote"],
    ["/größe", "/größe"],
  ],
  bad: [
    " ",
    " /x",
    "/x ",
    "/x\n",
    "/x\r",
    "/x\0/y",
    "\t/x",
    "~",
    "~/x",
    "$HOME/x",
    "${HOME}/x",
    '"/x"',
    "'/x'",
    "file:///x",
    "/\ufffd",
  ],
};

const texts = ["\n", "x\n", "x\r\n", "\tx", "x\0", "\u001b[1m", "x\u007f", "\ufffd"].map(
  (part) => `${long(20)}${part}`,
);
const blanks = [" ", "\u00a0", "\u2003 \u2003", " \u3000"].map((text) => text.repeat(8));

/** Settings that are not a number from 1 on. */
const others: Record<string, Spellings> = {
  HANAMI_PORT: number(0, 65_535),
  HANAMI_TOKEN_EXPIRE_TIME: number(1, 315_360_000),
  HANAMI_TEMPFILE_TIMEOUT: number(1, 5_256_000),
  HANAMI_SNAPSHOT_INTERVAL_MS: number(1, 2_147_483_647),
  HANAMI_TASK_RETENTION_DAYS: number(1, 36_500),
  HANAMI_AUDIT_LOG_RETENTION_DAYS: number(1, 36_500),
  HANAMI_ERROR_LOG_RETENTION_DAYS: number(1, 36_500),
  HANAMI_CPU_THREADS: number(1, 1024),
  HANAMI_HOST_TIMEOUT_SECONDS: {
    good: [
      ["1", 1000],
      ["1023", 1_023_000],
      ["86400", 86_400_000],
    ],
    bad: number(1, 86_400).bad,
  },
  HANAMI_DATABASE_CONNECTIONS: number(1, 1024),
  HANAMI_DATABASE_TIMEOUT_SECONDS: number(1, 3600),
  HANAMI_HOST: {
    good: ["127.0.0.1", "0.0.0.0", "::", "::1", "localhost", "a.example-1.org"].map((text) => [text, text]),
    bad: [
      " ",
      " localhost",
      "localhost ",
      "[::1]",
      "*",
      "127.1",
      "2130706433",
      "0x7f000001",
      "256.0.0.1",
      "1.2.3.4.5",
      "localhost:80",
      "http://localhost",
      "localhost/",
      "a b",
      "-a",
      "a-",
      "a..b",
      ".",
      "::g",
      '"localhost"',
    ],
  },
  HANAMI_DATA_DIR: path,
  HANAMI_TOKEN_KEY_FILE: path,
  HANAMI_TLS_CERT_FILE: path,
  HANAMI_TLS_KEY_FILE: path,
  HANAMI_POLICIES: path,
  HANAMI_TOKEN_OLD_KEY_FILES: {
    good: [
      ["/a", ["/a"]],
      ["/a,/b", ["/a", "/b"]],
      ["/a, /b c", ["/a", "/b c"]],
    ],
    bad: [
      " ",
      ",",
      "/a,",
      ",/a",
      "/a,,/b",
      "/a, ,/b",
      "~/a",
      "/a,~/b",
      "/a,$HOME/b",
      '"/a","/b"',
      " /a",
      "/a ",
      "/a\n/b",
    ],
  },
  HANAMI_TRUSTED_PROXIES: {
    good: [
      ["127.0.0.1", ["127.0.0.1"]],
      ["10.0.0.1, 2001:DB8:0:0::1", ["10.0.0.1", "2001:db8::1"]],
      ["0:0:0:0:0:0:0:1,::FFFF:10.0.0.1", ["::1", "10.0.0.1"]],
    ],
    bad: [
      " ",
      ",",
      "10.0.0.1,",
      ",10.0.0.1",
      "10.0.0.1,,::1",
      "10.0.0.1 ::1",
      "10.0.0.1;::1",
      "10.0.0.0/8",
      "localhost",
      "127.1",
      "0x7f000001",
      "[::1]",
      "*",
      "127.0.0.1:80",
      "127.0.0.01",
      "::g",
    ],
  },
  DATABASE_URL: {
    good: [
      "postgres://someone:secret@localhost:5432/hanami",
      "postgresql://h/d",
      "postgres://[::1]:5432/d",
      "postgres:///d?host=/var/run/postgresql",
      "postgres://",
    ].map((text) => [text, text]),
    bad: [
      " ",
      "localhost",
      "localhost:5432",
      "localhost/hanami",
      "mysql://h/d",
      "http://h/d",
      "/var/lib/postgresql",
      "true",
      "5432",
      " postgres://h/d",
      "postgres://h/d ",
      "postgres://h/d\n",
      "jdbc:postgresql://h/d",
    ],
  },
  HANAMI_ADMIN_USER_ID: {
    good: ["admin", "some@where", "a_1@", long(254)].map((text) => [text, text]),
    bad: [
      " ",
      "abc",
      "1abc",
      " admin",
      "admin ",
      "ad min",
      "ädmin",
      "admin!",
      "_admin",
      "@dmin",
      "admin\n",
      "admin-user",
      "admin.user",
      '"admin"',
      long(255),
    ],
  },
  HANAMI_ADMIN_USER_NAME: {
    good: ["A", "Größe #1", long(254)].map((text) => [text, text]),
    bad: [...texts, ...blanks, " x", "x ", long(255)],
  },
  HANAMI_ADMIN_PASSPHRASE: {
    good: ["12345678", " with # and = and \" and ' ", "größer 🌸", long(1024)].map((text) => [text, text]),
    bad: [...texts, ...blanks, "1234567", long(1025)],
  },
  HANAMI_TOKEN_KEY: {
    good: ["#".repeat(32), long(65_536)].map((text) => [text, text]),
    bad: [...texts, ...blanks, long(65_537)],
  },
  HANAMI_METRICS_TOKEN: {
    good: ["#=\"'-visible-ascii-only", long(16)].map((text) => [text, text]),
    bad: [...texts, ...blanks, long(15), "with a blank in it", "größe größe größe"],
  },
  HANAMI_SOFTWARE_GPU: {
    good: [
      ["true", true],
      ["false", false],
    ],
    bad: [" ", "TRUE", "True", "yes", "on", "1", "0", "no", "off", "t", " true", "true ", "false\n", '"true"', "null"],
  },
  HANAMI_LOG_LEVEL: {
    good: ["debug", "info", "warn", "error", "silent"].map((text) => [text, text]),
    bad: [
      " ",
      "INFO",
      "Info",
      "trace",
      "fatal",
      " info",
      "info ",
      "warning",
      "info,warn",
      "3",
      "debug\n",
      "none",
      '"info"',
    ],
  },
};

/** Other settings that a setting needs to be valid. */
export const companions: Record<string, Record<string, string>> = {
  HANAMI_TLS_CERT_FILE: { HANAMI_TLS_KEY_FILE: "/other" },
  HANAMI_TLS_KEY_FILE: { HANAMI_TLS_CERT_FILE: "/other" },
};

export const spellingsOf = (name: string): Spellings => others[name] ?? number(1);
