import { base64, testPassphrase } from "../support/test-app.ts";
import type { Person } from "./world.ts";

/** One line of rest-api.md or storage-and-config.md, as a request and its expected answer. */
export interface Example {
  id: string;
  /** Section of rest-api.md; `s` of storage-and-config.md. */
  section: string;
  as?: Person | null;
  /** Method and path without the version, query included; `<name>` stands for a uuid of the example world. */
  request: string;
  body?: unknown;
  status: number;
  /** The whole text of an error (`<name>` as above), or a pattern for the JSON answer. */
  answer: unknown;
}

const timestamp = "<timestamp>";
const unknown = "11111111-2222-4333-8444-555555555555";
const passphrase = base64(testPassphrase);
const longId = `a${"b".repeat(254)}`;
const bound = (dataset: string, column: string, hexagon: string) => ({
  dataset_uuid: dataset,
  dataset_column: column,
  hexagon_name: hexagon,
});
const train = (over: object = {}) => ({
  name: "test_task",
  cluster_uuid: "<cluster>",
  inputs: [bound("<dataset>", "picture", "picture_hex")],
  outputs: [bound("<dataset>", "label", "label_hex")],
  ...over,
});
const ask = (over: object = {}) => ({
  name: "test_task",
  cluster_uuid: "<cluster>",
  inputs: [bound("<dataset>", "picture", "picture_hex")],
  results: [{ dataset_column: "label", hexagon_name: "label_hex" }],
  ...over,
});
const owned = {
  created_at: timestamp,
  owner_id: "asdf",
  project_id: "admin",
  visibility: "private",
  uuid: "<any uuid>",
};
const resourceHeader = ["created_at", "uuid", "project_id", "owner_id", "visibility", "name"];
const uuidRegex = "^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}$";
const notUuid = (key: string) => `Given item '${key}' doesn't match with regex "${uuidRegex}"`;
const member1 = {
  created_at: timestamp,
  creator_id: "asdf",
  id: "member1",
  is_admin: false,
  name: "member one",
  projects: [],
};
const assignment = { is_project_admin: false, project_id: "test_project", role: "member" };
const queued = {
  uuid: "<any uuid>",
  name: "test_task",
  state: "queued",
  current_cycle: 0,
  total_number_of_cycles: 4,
  percentage_finished: 0,
  queue_timestamp: timestamp,
  start_timestamp: "-",
  end_timestamp: "-",
  warnings: [],
};

// One example per line; long ones are wrapped.
// oxfmt-ignore
export const examples: Example[] = [
  // §1.1 the order of checks
  { id: "too short", section: "1.1/2", request: "RAW /abcd", status: 400, answer: "Failed to pasre uri: /abcd" },
  { id: "no JSON", section: "1.1/2", request: "POST /project", body: "{", status: 400, answer: "Failed to pasre uri: /v1.0alpha/project" },
  { id: "empty body", section: "1.1/2", request: "POST /project", body: "", status: 400, answer: "Failed to pasre uri: /v1.0alpha/project" },
  { id: "array as body", section: "6", request: "POST /token", as: null, body: "[1]", status: 400, answer: "Failed to pasre uri: /v1.0alpha/token" },
  { id: "no token", section: "1.1/3", as: null, request: "GET /project/all", status: 401, answer: "Failed to validate JWT-Token with error: invalid token supplied" },
  { id: "policy", section: "1.1/4", as: "owner", request: "GET /project/all", status: 401, answer: "Access denied by policy" },
  { id: "unknown path", section: "1.1/4", request: "GET /nothing", status: 401, answer: "Access denied by policy" },
  { id: "unlisted method", section: "s2", request: "PUT /host/all", body: {}, status: 401, answer: "Access denied by policy" },
  { id: "no handler", section: "1.1/6", request: "GET /auth", status: 400, answer: "No endpoint found for path 'v1.0alpha/auth' and type GET" },
  ...["documentation/api/rest", "foreward", "request_result", "request_result/all", "template", "template/all"].map(
    (path) => ({
      id: `no handler: ${path}`,
      section: "10",
      request: `GET /${path}`,
      status: 400,
      answer: `No endpoint found for path 'v1.0alpha/${path}' and type GET`,
    }),
  ),
  { id: "no handler: template/upload", section: "10", request: "POST /template/upload", body: {}, status: 400, answer: "No endpoint found for path 'v1.0alpha/template/upload' and type POST" },
  { id: "no handler: POST dataset", section: "10", request: "POST /dataset", body: {}, status: 400, answer: "No endpoint found for path 'v1.0alpha/dataset' and type POST" },
  { id: "unknown key", section: "1.1/7", request: "GET /project?id=abcd&xyz=1", status: 400, answer: "Validation failed, because item 'xyz' is not in the list of allowed keys" },
  { id: "missing key", section: "1.1/8", request: "GET /project", status: 400, answer: "Validation failed, because variable 'id' is required, but is not set." },
  { id: "wrong type", section: "1.1/9", request: "POST /project", body: { id: 5, name: "Test Project" }, status: 400, answer: "Value-validation failed, because a item 'id'  has the false type: Exprect string-type." },
  { id: "wrong type array", section: "7", request: "POST /task/train", body: train({ inputs: {} }), status: 400, answer: "Value-validation failed, because a item 'inputs'  has the false type: Exprect array-type." },
  { id: "regex", section: "1.1/10", request: "GET /project?id=1abc", status: 400, answer: "Given item 'id' doesn't match with regex \"^[a-zA-Z][a-zA-Z_0-9]*$\"" },
  { id: "too small", section: "1.1/11", request: "GET /audit_log?page=-1", status: 400, answer: "Given item 'page' is smaller than 0" },
  { id: "too big", section: "1.1/11", request: "GET /audit_log?page=1000000001", status: 400, answer: "Given item 'page' is bigger than 1000000000" },
  { id: "beyond 32 bits", section: "1", request: "GET /audit_log?page=9999999999", status: 400, answer: "Given item 'page' is bigger than 1000000000" },
  { id: "too short id", section: "1.1/12", request: "GET /project?id=abc", status: 400, answer: "Given item 'id' is shorter than 4 characters" },
  { id: "too long id", section: "1.1/12", request: `GET /project?id=${longId}`, status: 400, answer: "Given item 'id' is longer than 254 characters" },
  { id: "percent-encoding", section: "1", request: "GET /dataset/content?uuid=<dataset>&column_name=no%20such+one", status: 404, answer: "Column with name 'no such one' was not found in dataset with UUID '<dataset>'" },

  // §2 authentication
  { id: "login", section: "2", as: null, request: "POST /token", body: { id: "asdf", passphrase },
    status: 200, answer: { id: "asdf", is_admin: true, name: "asdf", token: "<token>" } },
  { id: "wrong passphrase", section: "2", as: null, request: "POST /token", body: { id: "asdf", passphrase: base64("something else") }, status: 401, answer: "ACCESS DENIED!\nUser or passphrase is incorrect." },
  { id: "unknown user", section: "2", as: null, request: "POST /token", body: { id: "nobody", passphrase }, status: 401, answer: "ACCESS DENIED!\nUser or passphrase is incorrect." },
  { id: "login with a plain password", section: "2", as: null, request: "POST /token", body: { id: "asdf", password: testPassphrase },
    status: 200, answer: { id: "asdf", is_admin: true, name: "asdf", token: "<token>" } },
  { id: "login without any", section: "2", as: null, request: "POST /token", body: { id: "asdf" }, status: 400, answer: "Validation failed, because variable 'passphrase' is required, but is not set." },
  { id: "renew", section: "2", request: "PUT /token", body: { project_id: "admin" },
    status: 200, answer: { id: "asdf", is_admin: true, name: "asdf", token: "<token>" } },
  { id: "not assigned", section: "2", request: "PUT /token", body: { project_id: "other" }, status: 401, answer: "User with id 'asdf' is not assigned to the project with id 'other'." },
  { id: "switch_project", section: "11", as: "owner", request: "POST /user/project", body: { project_id: "alpha_project" },
    status: 200, answer: { id: "owner", is_admin: false, name: "owner", token: "<token>" } },

  // §4 projects
  { id: "create", section: "4", request: "POST /project", body: { id: "test_project", name: "Test Project" },
    status: 200, answer: { created_at: timestamp, creator_id: "asdf", id: "test_project", name: "Test Project" } },
  { id: "create twice", section: "4", request: "POST /project", body: { id: "test_project", name: "Test Project" }, status: 409, answer: "Project with id 'test_project' already exist." },
  { id: "get", section: "4", request: "GET /project?id=test_project", status: 200, answer: { created_at: timestamp, creator_id: "asdf", id: "test_project", name: "Test Project" } },
  { id: "get unknown", section: "4", request: "GET /project?id=fail_project", status: 404, answer: "Project with id 'fail_project' not found" },
  { id: "list", section: "4", request: "GET /project/all", status: 200, answer: { header: ["created_at", "id", "name", "creator_id"], body: [[timestamp, "test_project", "Test Project", "asdf"]] } },

  // §3 users
  { id: "create", section: "3", request: "POST /user", body: { id: "member1", name: "member one", passphrase, is_admin: false }, status: 200, answer: member1 },
  { id: "create twice", section: "3", request: "POST /user", body: { id: "member1", name: "member one", passphrase }, status: 409, answer: "User with id 'member1' already exist." },
  { id: "is_admin is optional", section: "1.1", request: "POST /user", body: { id: "mail@example", name: "member two", passphrase }, status: 200, answer: { ...member1, id: "mail@example", name: "member two" } },
  { id: "by a member", section: "3", as: "owner", request: "POST /user", body: { id: "member9", name: "member nine", passphrase }, status: 401, answer: "Access denied by policy" },
  { id: "no project", section: "2", as: null, request: "POST /token", body: { id: "member1", passphrase }, status: 401, answer: "User with id 'member1' has no project assigned." },
  { id: "get", section: "3", request: "GET /user?id=member1", status: 200, answer: member1 },
  { id: "get unknown", section: "3", request: "GET /user?id=fail_user", status: 404, answer: "User with id 'fail_user' not found" },
  { id: "delete oneself", section: "3", request: "DELETE /user?id=asdf", status: 409, answer: "User with id 'asdf' tries to delete himself, which is not allowed." },
  { id: "delete unknown", section: "3", request: "DELETE /user?id=fail_user", status: 404, answer: "User with id 'fail_user' not found" },
  { id: "assign", section: "3", request: "POST /user/project", body: { id: "member1", project_id: "test_project", role: "member", is_project_admin: false },
    status: 200, answer: { ...member1, projects: [assignment] } },
  { id: "assign twice", section: "3", request: "POST /user/project", body: { id: "member1", project_id: "test_project", role: "member" }, status: 409, answer: "Project with ID 'test_project' is already assigned to user with id 'member1'." },
  { id: "assign to nobody", section: "3", request: "POST /user/project", body: { id: "nobody", project_id: "test_project", role: "member" }, status: 404, answer: "User with id 'nobody' not found" },
  { id: "assign an unknown project", section: "3", request: "POST /user/project", body: { id: "member1", project_id: "unchecked", role: "tester", is_project_admin: true },
    status: 200, answer: { ...member1,
    projects: [assignment, { is_project_admin: true, project_id: "unchecked", role: "tester" }] } },
  { id: "assign by a member", section: "3", as: "owner", request: "POST /user/project", body: { id: "member1", project_id: "third_project", role: "member" }, status: 401, answer: "" },
  { id: "unassign by a member", section: "3", as: "owner", request: "DELETE /user/project?id=member1&project_id=test_project", status: 401, answer: "" },
  { id: "unassign", section: "3", request: "DELETE /user/project?id=member1&project_id=unchecked", status: 200, answer: { ...member1, projects: [assignment] } },
  { id: "unassign twice", section: "3", request: "DELETE /user/project?id=member1&project_id=unchecked", status: 404, answer: "Project with ID 'unchecked' is not assigned to user with id 'member1' and so it can not be removed from the user." },
  { id: "unassign from nobody", section: "3", request: "DELETE /user/project?id=nobody&project_id=unchecked", status: 404, answer: "User with id 'nobody' not found" },
  { id: "own projects", section: "3", as: "owner", request: "GET /user/project",
    status: 200, answer: { projects: [{ is_project_admin: false, project_id: "alpha_project", role: "member" }] } },
  { id: "own projects of an administrator", section: "3", request: "GET /user/project", status: 200, answer: { projects: [{ is_project_admin: true, project_id: "admin", role: "admin" }] } },
  { id: "somebody's projects", section: "3", request: "GET /user/project?user_id=member1", status: 200, answer: { projects: [assignment] } },
  { id: "somebody's projects by a member", section: "3", as: "owner", request: "GET /user/project?user_id=owner", status: 401, answer: "" },
  { id: "nobody's projects", section: "3", request: "GET /user/project?user_id=nobody", status: 404, answer: "User with id 'nobody' not found" },
  { id: "list", section: "3", request: "GET /user/all", status: 200, answer: { header: ["created_at", "id", "name", "creator_id", "projects", "is_admin"], body: "<any>" } },
  { id: "delete", section: "3", request: "DELETE /user?id=member1", status: 200, answer: {} },
  { id: "delete twice", section: "3", request: "DELETE /user?id=member1", status: 404, answer: "User with id 'member1' not found" },

  // §5 datasets
  { id: "announce mnist", section: "5", request: "POST /dataset/upload/mnist", body: { name: "train_test_dataset", input_data_size: 20, label_data_size: 9 },
    status: 200, answer: { ...owned, name: "train_test_dataset", uuid_input_file: "<any uuid>",
    uuid_label_file: "<any uuid>" } },
  { id: "announce csv", section: "5", request: "POST /dataset/upload/csv", body: { name: "test_csv", input_data_size: 20 },
    status: 200, answer: { ...owned, name: "test_csv", uuid_input_file: "<any uuid>" } },
  { id: "announce nothing", section: "5", request: "POST /dataset/upload/csv", body: { name: "test_csv", input_data_size: 0 }, status: 400, answer: "Given item 'input_data_size' is smaller than 1" },
  { id: "announce too much", section: "5", request: "POST /dataset/upload/csv", body: { name: "test_csv", input_data_size: 10_000_000_001 }, status: 400, answer: "Given item 'input_data_size' is bigger than 10000000000" },
  { id: "progress", section: "5", request: "GET /dataset/progress?uuid=<csv>", status: 200, answer: { complete: false, uuid: "<csv>", bytes_received: 0, bytes_total: 8 } },
  { id: "get before finalize", section: "5", request: "GET /dataset?uuid=<csv>",
    status: 200, answer: { ...owned, uuid: "<csv>", name: "announced", description: {}, number_of_rows: 0,
    number_of_columns: 0, version: "v1.0alpha", type: "csv", lines: 0, inputs: 0, outputs: 0,
    location: "datasets/<csv>", warnings: [], columns: [] } },
  { id: "content before finalize", section: "5", request: "GET /dataset/content?uuid=<csv>&column_name=label", status: 400, answer: "Dataset with UUID '<csv>' is invalid and can not be read." },
  { id: "finalize too early", section: "5", request: "PUT /dataset/upload/csv", body: { uuid: "<csv>", uuid_input_file: "<csv file>" }, status: 409, answer: "Upload of data-set with uuid '<csv>' is not complete: 0 of 8 bytes of its input-file have arrived" },
  { id: "finalize unknown", section: "5", request: "PUT /dataset/upload/csv", body: { uuid: unknown, uuid_input_file: unknown }, status: 404, answer: `Data-set with uuid '${unknown}' not found` },
  { id: "finalize with an unknown file", section: "5", request: "PUT /dataset/upload/csv", body: { uuid: "<csv>", uuid_input_file: unknown }, status: 404, answer: `Input-data with uuid '${unknown}' not found.` },
  { id: "finalize with unknown labels", section: "5", request: "PUT /dataset/upload/mnist", body: { uuid: "<mnist>", uuid_input_file: "<mnist file>", uuid_label_file: unknown }, status: 404, answer: `Label-data with uuid '${unknown}' not found.` },
  { id: "get", section: "5, 11", request: "GET /dataset?uuid=<dataset>",
    status: 200, answer: { ...owned, uuid: "<dataset>", name: "generated",
    description: { label: { column_end: 24, column_start: 16 }, picture: { column_end: 16, column_start: 0 } },
    number_of_columns: 24, number_of_rows: 4, version: "v1.0alpha", type: "mnist", lines: 4, inputs: 16, outputs: 8,
    location: "datasets/<dataset>", warnings: [], columns: "<any>" } },
  { id: "get unknown", section: "5", request: `GET /dataset?uuid=${unknown}`, status: 404, answer: `Data-set with uuid '${unknown}' not found` },
  { id: "get of a malformed uuid", section: "1.3", request: "GET /dataset?uuid=fail_dataset", status: 400, answer: notUuid("uuid") },
  { id: "progress unknown", section: "5", request: `GET /dataset/progress?uuid=${unknown}`, status: 404, answer: `Data-set with uuid '${unknown}' not found` },
  { id: "list", section: "5", request: "GET /dataset/all", status: 200, answer: { header: ["created_at", "uuid", "project_id", "owner_id", "visibility", "type", "name"], body: "<any>" } },
  { id: "content", section: "5", request: "GET /dataset/content?uuid=<dataset>&column_name=label&row_offset=1&number_of_rows=2", status: 200, answer: { data: [[0, 1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0]] } },
  { id: "content by default", section: "5", request: "GET /dataset/content?uuid=<dataset>&column_name=label", status: 200, answer: { data: [[1, 0, 0, 0, 0, 0, 0, 0]] } },
  { id: "content unknown", section: "5", request: `GET /dataset/content?uuid=${unknown}&column_name=label`, status: 404, answer: `Dataset with uuid '${unknown}' not found` },
  { id: "content of an unknown column", section: "5", request: "GET /dataset/content?uuid=<dataset>&column_name=nope", status: 404, answer: "Column with name 'nope' was not found in dataset with UUID '<dataset>'" },
  { id: "content beyond the end", section: "5", request: "GET /dataset/content?uuid=<dataset>&column_name=label&row_offset=3&number_of_rows=2", status: 400, answer: "Dataset with UUID '<dataset>' is invalid and can not be read. It has 4 rows, and rows 3 to 4, counted from 0, were asked for." },
  { id: "check", section: "5", request: "GET /dataset/check?reference_uuid=<dataset>&uuid=<labels>", status: 200, answer: { accuracy: 100 } },
  { id: "check of half", section: "s3", request: "GET /dataset/check?uuid=<half right>&reference_uuid=<dataset>", status: 200, answer: { accuracy: 50 } },
  { id: "check unknown", section: "5", request: `GET /dataset/check?uuid=<labels>&reference_uuid=${unknown}`, status: 404, answer: `Dataset with uuid '${unknown}' not found` },
  { id: "check of no result", section: "5", request: "GET /dataset/check?uuid=<csv>&reference_uuid=<dataset>", status: 400, answer: "Dataset with result with UUID '<csv>' is invalid and can not be checked" },
  { id: "check against no reference", section: "5", request: "GET /dataset/check?uuid=<labels>&reference_uuid=<csv>", status: 400, answer: "Dataset with UUID '<csv>' is invalid and can not be compared" },
  { id: "result dataset", section: "5", request: "GET /dataset?uuid=<task>",
    status: 200, answer: { ...owned, uuid: "<task>", name: "request_task",
    description: { label: { column_start: 0, column_end: 1 } }, number_of_columns: 1, number_of_rows: 4,
    version: "v1.0alpha", type: "result", lines: 4, inputs: 1, outputs: 0, location: "datasets/<task>",
    warnings: [], columns: "<any>" } },

  // §6 clusters
  { id: "create", section: "6", request: "POST /cluster", body: { name: "test_cluster", template: "<template>" }, status: 200, answer: { ...owned, name: "test_cluster" } },
  { id: "create twice", section: "6", request: "POST /cluster", body: { name: "test_cluster", template: "<template>" }, status: 409, answer: "Cluster with name 'test_cluster' already exist." },
  { id: "without template", section: "6", request: "POST /cluster", body: { name: "no template" }, status: 200, answer: { ...owned, name: "no template" } },
  { id: "with an empty template", section: "6", request: "POST /cluster", body: { name: "empty template", template: "" }, status: 200, answer: { ...owned, name: "empty template" } },
  { id: "bad base64", section: "6", request: "POST /cluster", body: { name: "bad base64", template: "a" }, status: 400, answer: "Uploaded template is not a valid base64-String." },
  { id: "bad template", section: "6", request: "POST /cluster", body: { name: "bad template", template: base64("version: 2\n") },
    status: 400, answer: ["Uploaded template is not a valid cluster-template: ",
    "+---------------------+-----------------------------------------------+",
    "| Error-Message Nr. 0 | ERROR while parsing cluster-definition string |",
    "|                     | parser-message: syntax error                  |",
    "|                     | line-number: 1                                |",
    "|                     | position in line: 10                          |",
    '|                     | broken part in string: "2"                    |',
    "+---------------------+-----------------------------------------------+", ""].join("\n") },
  { id: "get", section: "6, 11", request: "GET /cluster?uuid=<empty cluster>",
    status: 200, answer: { ...owned, uuid: "<empty cluster>", name: "quite empty", number_of_blocks: 0,
    number_of_sections: 0, number_of_synapses: 0, number_of_neurons: 0, number_of_cycles: 0, mode: "TASK",
    host_uuid: "<any uuid>", host_state: "ready", host_error: "", bytes: "<any>", hexagons: "<any>" } },
  { id: "get of a malformed uuid", section: "1.3", request: "GET /cluster?uuid=fail_cluster", status: 400, answer: notUuid("uuid") },
  { id: "get unknown", section: "6", request: `GET /cluster?uuid=${unknown}`, status: 404, answer: `Cluster with uuid '${unknown}' not found` },
  { id: "list", section: "6", request: "GET /cluster/all", status: 200, answer: { header: resourceHeader, body: "<any>" } },
  { id: "set_mode", section: "6", request: "PUT /cluster/set_mode", body: { uuid: "<other cluster>", new_state: "DIRECT", connection_uuid: unknown },
    status: 200, answer: { created_at: timestamp, name: "<any>", new_state: "DIRECT", uuid: "<other cluster>" } },
  { id: "set_mode twice", section: "6", request: "PUT /cluster/set_mode", body: { uuid: "<other cluster>", new_state: "DIRECT" }, status: 409, answer: "Can not switch cluster to 'DIRECT'" },
  { id: "set_mode back", section: "6", request: "PUT /cluster/set_mode", body: { uuid: "<other cluster>", new_state: "TASK" },
    status: 200, answer: { created_at: timestamp, name: "<any>", new_state: "TASK", uuid: "<other cluster>" } },
  { id: "set_mode back twice", section: "s5", request: "PUT /cluster/set_mode", body: { uuid: "<other cluster>", new_state: "TASK" }, status: 409, answer: "Can not switch cluster to 'TASK'" },
  { id: "set_mode to something", section: "6", request: "PUT /cluster/set_mode", body: { uuid: "<other cluster>", new_state: "OTHER" }, status: 400, answer: "Given item 'new_state' doesn't match with regex \"^^(TASK|DIRECT)$$\"" },
  { id: "switch_host", section: "6", request: "PUT /cluster/switch_host", body: { cluster_uuid: "<cluster>", host_uuid: "<host>", hexagon_id: 1 },
    status: 200, answer: { ...owned, uuid: "<cluster>", name: "<any>" } },
  { id: "switch_host without hexagon", section: "11", request: "PUT /cluster/switch_host", body: { cluster_uuid: "<cluster>", host_uuid: "<host>" },
    status: 200, answer: { ...owned, uuid: "<cluster>", name: "<any>" } },
  { id: "switch_host to an unknown host", section: "6", request: "PUT /cluster/switch_host", body: { cluster_uuid: "<cluster>", host_uuid: unknown, hexagon_id: 1 }, status: 404, answer: `Host with uuid '${unknown}' not found` },
  { id: "switch_host of an unknown hexagon", section: "6", request: "PUT /cluster/switch_host", body: { cluster_uuid: "<cluster>", host_uuid: "<host>", hexagon_id: 99 }, status: 404, answer: "Cluster with UUID '<cluster>' does not contain a hexagon with ID '99'" },
  { id: "load unknown", section: "6", request: "POST /cluster/load", body: { cluster_uuid: "<cluster>", checkpoint_uuid: unknown }, status: 404, answer: `Checkpoint with uuid '${unknown}' not found` },
  { id: "save", section: "6", request: "POST /cluster/save", body: { name: "test_checkpoint", cluster_uuid: "<other cluster>" }, status: 200, answer: { name: "test_checkpoint", uuid: "<any uuid>" } },
  { id: "load", section: "6", request: "POST /cluster/load", body: { cluster_uuid: "<other cluster>", checkpoint_uuid: "<checkpoint>" }, status: 200, answer: { uuid: "<any uuid>" } },
  ...[
    "POST /cluster/save",
    "POST /cluster/load",
    "PUT /cluster/set_mode",
    "PUT /cluster/switch_host",
    "POST /task/train",
    "POST /task/request",
  ].map((request): Example => ({
    id: `unknown cluster: ${request}`,
    section: "6",
    request,
    status: 404,
    answer: `Cluster with uuid '${unknown}' not found`,
    body: {
      "POST /cluster/save": { name: "test_checkpoint", cluster_uuid: unknown },
      "POST /cluster/load": { cluster_uuid: unknown, checkpoint_uuid: "<checkpoint>" },
      "PUT /cluster/set_mode": { uuid: unknown, new_state: "DIRECT" },
      "PUT /cluster/switch_host": { cluster_uuid: unknown, host_uuid: "<host>", hexagon_id: 1 },
      "POST /task/train": train({ cluster_uuid: unknown }),
      "POST /task/request": ask({ cluster_uuid: unknown }),
    }[request],
  })),
  { id: "delete", section: "6", request: "DELETE /cluster?uuid=<other cluster>", status: 200, answer: {} },
  { id: "delete twice", section: "6", request: "DELETE /cluster?uuid=<other cluster>", status: 404, answer: "Cluster with uuid '<other cluster>' not found" },

  // §7 tasks
  { id: "train", section: "7", request: "POST /task/train", body: train(), status: 200, answer: queued },
  { id: "request", section: "7", request: "POST /task/request", body: ask(), status: 200, answer: queued },
  { id: "get", section: "7, 11", request: "GET /task?uuid=<task>&cluster_uuid=<cluster>",
    status: 200, answer: { ...queued, uuid: "<task>", name: "request_task", state: "finished", current_cycle: 4,
    percentage_finished: 1, start_timestamp: timestamp, end_timestamp: timestamp } },
  { id: "list", section: "7", request: "GET /task/all?cluster_uuid=<cluster>", status: 200, answer: { header: ["uuid", "state", "percentage", "queued", "start", "end"], body: "<any>" } },
  { id: "save as a task", section: "s5", request: "GET /task?uuid=<checkpoint>&cluster_uuid=<cluster>",
    status: 200, answer: { ...queued, uuid: "<checkpoint>", name: "saved", state: "finished", current_cycle: 1,
    total_number_of_cycles: 1, percentage_finished: 1, start_timestamp: timestamp, end_timestamp: timestamp } },
  { id: "no hexagon_name", section: "7", request: "POST /task/train", body: train({ inputs: [{}] }), status: 400, answer: "'hexagon_name' is missing" },
  { id: "no dataset_uuid", section: "7", request: "POST /task/train", body: train({ inputs: [{ hexagon_name: "picture_hex" }] }), status: 400, answer: "'dataset_uuid' is missing" },
  { id: "no dataset_column", section: "7", request: "POST /task/train", body: train({ inputs: [{ hexagon_name: "picture_hex", dataset_uuid: "<dataset>" }] }), status: 400, answer: "'dataset_column' is missing" },
  { id: "no dataset_column in results", section: "7", request: "POST /task/request", body: ask({ results: [{ hexagon_name: "label_hex" }] }), status: 400, answer: "'dataset_column' is missing" },
  { id: "empty inputs", section: "7", request: "POST /task/train", body: train({ inputs: [] }), status: 400, answer: "'inputs' is empty" },
  { id: "unknown input dataset", section: "7", request: "POST /task/train", body: train({ inputs: [bound(unknown, "picture", "picture_hex")] }), status: 404, answer: `Data-set with uuid '${unknown}' not found` },
  { id: "unknown output dataset", section: "7", request: "POST /task/train", body: train({ outputs: [bound(unknown, "label", "label_hex")] }), status: 404, answer: `Data-set with uuid '${unknown}' not found` },
  { id: "unknown input column", section: "7", request: "POST /task/train", body: train({ inputs: [bound("<dataset>", "nope", "picture_hex")] }), status: 404, answer: "Dataset has no input for columsn with name 'nope'" },
  { id: "unknown output column", section: "7", request: "POST /task/train", body: train({ outputs: [bound("<dataset>", "nope", "label_hex")] }), status: 404, answer: "Dataset has no input for columsn with name 'nope'" },
  { id: "unknown column of a request", section: "7", request: "POST /task/request", body: ask({ inputs: [bound("<dataset>", "nope", "picture_hex")] }), status: 404, answer: "Dataset doesn't contain column with name 'nope'" },
  { id: "unknown hexagon", section: "7", request: "POST /task/train", body: train({ inputs: [bound("<dataset>", "picture", "nope")] }), status: 404, answer: "Cluster has no input with name 'nope'" },
  { id: "unknown output hexagon", section: "7", request: "POST /task/request", body: ask({ results: [{ dataset_column: "label", hexagon_name: "nope" }] }), status: 404, answer: "Cluster has no output with name 'nope'" },
  { id: "time_length too small", section: "7", request: "POST /task/train", body: train({ time_length: 0 }), status: 400, answer: "Given item 'time_length' is smaller than 1" },
  { id: "time_length too big", section: "7", request: "POST /task/train", body: train({ time_length: 1001 }), status: 400, answer: "Given item 'time_length' is bigger than 1000" },
  { id: "get unknown", section: "7", request: `GET /task?uuid=${unknown}&cluster_uuid=<cluster>`, status: 404, answer: `Task with UUID '${unknown}'not found in Cluster with UUID '<cluster>` },
  { id: "delete unknown", section: "7", request: `DELETE /task?uuid=${unknown}&cluster_uuid=<cluster>`, status: 404, answer: `Task with UUID '${unknown}'not found in Cluster with UUID '<cluster>` },
  { id: "delete of an unknown cluster", section: "7", request: `DELETE /task?uuid=<task>&cluster_uuid=${unknown}`, status: 404, answer: `Cluster with uuid '${unknown}' not found` },
  { id: "delete", section: "7", request: "DELETE /task?uuid=<task>&cluster_uuid=<cluster>", status: 200, answer: {} },
  { id: "result outlives the task", section: "s3", request: "GET /dataset/content?uuid=<task>&column_name=label&number_of_rows=1", status: 200, answer: { data: [[0]] } },

  // §8 checkpoints
  { id: "get", section: "8", request: "GET /checkpoint?uuid=<checkpoint>", status: 200, answer: { ...owned, uuid: "<checkpoint>", name: "saved" } },
  { id: "list", section: "8", request: "GET /checkpoint/all", status: 200, answer: { header: resourceHeader, body: "<any>" } },
  { id: "get unknown", section: "8", request: `GET /checkpoint?uuid=${unknown}`, status: 404, answer: `Checkpoint with uuid '${unknown}' not found` },
  { id: "delete", section: "8", request: "DELETE /checkpoint?uuid=<checkpoint>", status: 200, answer: {} },
  { id: "delete twice", section: "8", request: "DELETE /checkpoint?uuid=<checkpoint>", status: 404, answer: "Chekckpoint with uuid '<checkpoint>' not found" },
  { id: "delete a dataset", section: "5", request: "DELETE /dataset?uuid=<dataset>", status: 200, answer: {} },
  { id: "delete a dataset twice", section: "5", request: "DELETE /dataset?uuid=<dataset>", status: 404, answer: "Data-set with uuid '<dataset>' not found" },
  { id: "delete a project", section: "4", request: "DELETE /project?id=test_project", status: 200, answer: {} },
  { id: "delete a project twice", section: "4", request: "DELETE /project?id=test_project", status: 404, answer: "Project with id 'test_project' not found" },

  // §9 hosts, logs, measurements
  { id: "hosts", section: "9", request: "GET /host/all", status: 200, answer: { header: ["uuid", "type", "<rest>"], body: [["<host>", "cpu", "<rest>"], "<rest>"] } },
  { id: "audit log", section: "9", request: "GET /audit_log?page=0", status: 200, answer: { header: ["created_at", "user_id", "endpoint", "request_type"], body: "<any>" } },
  { id: "audit log, optional user left empty", section: "9", request: "GET /audit_log?user_id=&page=0", status: 200, answer: { header: ["created_at", "user_id", "endpoint", "request_type"], body: "<any>" } },
  { id: "audit log beyond the end", section: "9", request: "GET /audit_log?page=1000", status: 200, answer: { header: ["created_at", "user_id", "endpoint", "request_type"], body: [] } },
  { id: "audit log needs a page", section: "9", request: "GET /audit_log", status: 400, answer: "Validation failed, because variable 'page' is required, but is not set." },
  { id: "audit log of another", section: "9", as: "owner", request: "GET /audit_log?page=0&user_id=asdf", status: 401, answer: "'user_id' can only be set by an admin" },
  { id: "error log", section: "9", request: "GET /error_log?page=0", status: 200, answer: { header: ["created_at", "user_id", "component", "context", "input_values", "message"], body: [] } },
  { id: "error log of a user", section: "9", request: "GET /error_log?page=0&user_id=asdf", status: 200, answer: { header: ["created_at", "user_id", "component", "context", "input_values", "message"], body: [] } },
  { id: "error log for members", section: "9", as: "owner", request: "GET /error_log?page=0", status: 401, answer: "Access denied by policy" },
  ...[
    ["power_consumption", "power"],
    ["temperature_production", "temperature"],
    ["speed", "current_speed"],
  ].map(([path, key]): Example => ({
    id: path as string,
    section: "9",
    as: "owner",
    request: `GET /${path}`,
    status: 200,
    answer: {
      available: "<any>",
      [key as string]: { seconds: "<60 floats>", minutes: "<60 floats>", hours: "<24 floats>", days: "<365 floats>" },
    },
  })),
  { id: "threading", section: "9", as: "owner", request: "GET /threading", status: 200, answer: { thread_map: "<any>" } },
  { id: "system info", section: "9", as: "owner", request: "GET /system_info", status: 200, answer: { info: { has_hyperthreading: "<any>", hostname: "<any>", packages: "<any>" } } },
];
