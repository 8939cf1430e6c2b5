import fc from "fast-check";

// Every run sees the same cases, so runs before and after a change compare. HANAMI_TEST_SEED=2 npm test shows others.
fc.configureGlobal({ seed: Number(process.env["HANAMI_TEST_SEED"] ?? 1) });
