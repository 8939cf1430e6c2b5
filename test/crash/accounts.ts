/** Actions of the crash test's clients on users and projects. */
import assert from "node:assert/strict";
import type { RunningServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";
import type { Ledger } from "./ledger.ts";
import { type Listing, takeListing } from "./listing.ts";

const usersMax = 4;
const projectsMax = 4;

export async function changeAccounts(ledger: Ledger, server: RunningServer): Promise<void> {
  const { random, users, projects } = ledger;
  if (projects.size === 0 || (projects.size < projectsMax && random.int(0, 3) === 0))
    return createProject(ledger, server);
  if (users.size === 0 || (users.size < usersMax && random.int(0, 3) === 0)) return createUser(ledger, server);
  const user = random.pick([...users.keys()]);
  const choice = random.int(0, 9);
  if (choice === 0) return deleteUser(ledger, server, user);
  if (choice === 1) return deleteProject(ledger, server);
  return changeAssignment(ledger, server, user);
}

async function createProject(ledger: Ledger, server: RunningServer): Promise<void> {
  const id = ledger.newName();
  await ledger.attempt("project created", {
    ask: () => server.ask("POST", "/project", { id, name: id }),
    note: () => ledger.projects.add(id),
    settle: async (next) => {
      if ((await takeListing(next)).projects.has(id)) ledger.projects.add(id);
    },
  });
}

async function deleteProject(ledger: Ledger, server: RunningServer): Promise<void> {
  const id = ledger.random.pick([...ledger.projects]);
  const note = () => {
    ledger.projects.delete(id);
    // Its assignments are deleted with it.
    for (const assigned of ledger.users.values()) assigned.delete(id);
  };
  await ledger.attempt("project deleted", {
    ask: () => server.ask("DELETE", `/project?id=${id}`),
    note,
    settle: async (next) => {
      if (!(await takeListing(next)).projects.has(id)) note();
    },
  });
}

async function createUser(ledger: Ledger, server: RunningServer): Promise<void> {
  const id = ledger.newName();
  await ledger.attempt("user created", {
    ask: () => server.ask("POST", "/user", { id, name: id, passphrase: base64("a passphrase of a user") }),
    note: () => ledger.users.set(id, new Set()),
    settle: async (next) => {
      if ((await takeListing(next)).users.has(id)) ledger.users.set(id, new Set());
    },
  });
}

async function deleteUser(ledger: Ledger, server: RunningServer, id: string): Promise<void> {
  await ledger.attempt("user deleted", {
    ask: () => server.ask("DELETE", `/user?id=${id}`),
    note: () => ledger.users.delete(id),
    settle: async (next) => {
      if (!(await takeListing(next)).users.has(id)) ledger.users.delete(id);
    },
  });
}

async function changeAssignment(ledger: Ledger, server: RunningServer, id: string): Promise<void> {
  const assigned = ledger.users.get(id) as Set<string>;
  const project = ledger.random.pick([...ledger.projects]);
  const settle = async (next: RunningServer) => {
    ledger.users.set(id, await assignmentsOf(next, id));
    const others = (ids: Set<string>) => [...ids].filter((each) => each !== project).sort();
    assert.deepEqual(others(ledger.users.get(id) as Set<string>), others(assigned));
  };
  if (assigned.has(project)) {
    await ledger.attempt("assignment removed", {
      ask: () => server.ask("DELETE", `/user/project?id=${id}&project_id=${project}`),
      note: () => assigned.delete(project),
      settle,
    });
    return;
  }
  await ledger.attempt("assignment made", {
    ask: () =>
      server.ask("POST", "/user/project", { id, project_id: project, role: "member", is_project_admin: false }),
    note: () => assigned.add(project),
    settle,
  });
}

async function assignmentsOf(server: RunningServer, id: string): Promise<Set<string>> {
  const path = `/user/project?user_id=${id}`;
  const { projects } = await server.ask<{ projects: { project_id: string }[] }>("GET", path);
  return new Set(projects.map(({ project_id }) => project_id));
}

export async function checkAccounts(ledger: Ledger, server: RunningServer, listing: Listing): Promise<void> {
  const own = (ids: Iterable<string>) => [...ids].filter((id) => ledger.isOwn(id)).sort();
  assert.deepEqual(own(listing.projects), [...ledger.projects].sort());
  assert.deepEqual(own(listing.users), [...ledger.users.keys()].sort());
  for (const [id, assigned] of ledger.users) {
    assert.deepEqual([...(await assignmentsOf(server, id))].sort(), [...assigned].sort());
  }
}
