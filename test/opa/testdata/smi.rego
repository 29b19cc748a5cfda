# Who may call whom by SMI's access group (v1alpha1 to v1alpha4) and specs group, as the specification has it. Where that leaves a
# choice, the doc.go of package policy says which one is made.
#
# data.smi holds the objects:
#
#   targets   by namespace, kind of the destination, and name of the destination: a list of TrafficTargets
#   groups    by namespace/name: HTTPRouteGroups
#   routes    by kind, which is TCPRoute or UDPRoute, and namespace/name
#   bindings  by namespace/name: IdentityBindings
#
# Every object has its "problems", which say what could not be read of it. input.requests is a list of requests.
package smi_access

# decisions are the names of the TrafficTargets that allow each request. None means that it is denied: there are no rules that
# deny, and what nobody allows is denied.
decisions := [allowing(request) | some request in input.requests]

allowing(request) := {target.name |
	authenticated(request.source)
	identified(request.destination)
	request.protocol in {"TCP", "UDP", "HTTP"}
	some target in about(request.destination)
	is_valid(target)
	some source in target.sources
	covers(source, target.namespace, request.source)
	ports_allow(target, request)
	requests_allow(target, request)
}

### Who

# A workload is identified by a namespace and the ServiceAccount in it.
identified(workload) if {
	workload.namespace != ""
	workload.account != ""
}

# A caller has to be identified, or to have proved a SPIFFE id.
authenticated(caller) if identified(caller)

authenticated(caller) if caller.spiffe != ""

# The TrafficTargets about a workload are those of its own namespace: nobody else has a say in who may call it.
about(workload) := array.concat(by_account, by_binding) if {
	by_account := [target |
		some target in data.smi.targets[workload.namespace].ServiceAccount[workload.account]
		subject_namespace(target.destination, target.namespace) == workload.namespace
	]
	by_binding := [target |
		some targets in data.smi.targets[workload.namespace].IdentityBinding
		some target in targets
		subject_namespace(target.destination, target.namespace) == workload.namespace
		covers(target.destination, target.namespace, workload)
	]
}

# A subject without a namespace is in that of the TrafficTarget.
subject_namespace(subject, _) := subject.namespace if object.get(subject, "namespace", "") != ""

subject_namespace(subject, namespace) := namespace if object.get(subject, "namespace", "") == ""

# A subject of kind ServiceAccount covers the workloads of that ServiceAccount.
covers(subject, namespace, workload) if {
	subject.kind == "ServiceAccount"
	subject.name != ""
	workload.account == subject.name
	workload.namespace == subject_namespace(subject, namespace)
}

# A subject of kind IdentityBinding covers the workloads that any scheme of the binding fits. A binding that is missing or broken
# covers nobody.
covers(subject, namespace, workload) if {
	is_binding(subject)
	binding := data.smi.bindings[key(subject_namespace(subject, namespace), subject.name)]
	is_sound(binding)
	fits(binding, workload)
}

is_binding(subject) if {
	subject.kind == "IdentityBinding"
	object.get(subject, "group", "") in {"", "access.smi-spec.io"}
}

# The scheme serviceAccount: a ServiceAccount in the namespace of the binding.
fits(binding, workload) if {
	binding.account != ""
	workload.namespace == binding.namespace
	workload.account == binding.account
}

# The scheme spiffeIdentities. The namespace of a binding is its boundary; a caller from outside of the cluster is in no namespace.
fits(binding, workload) if {
	workload.spiffe != ""
	workload.namespace in {"", binding.namespace}
	some id in binding.spiffe
	trim_prefix(id, "spiffe://") == trim_prefix(workload.spiffe, "spiffe://")
}

# The scheme podLabelSelectors: all labels of one selector.
fits(binding, workload) if {
	workload.namespace == binding.namespace
	workload.account != ""
	some labels in binding.selectors
	every name, value in labels {
		workload.labels[name] == value
	}
}

# serviceAccount and podLabelSelectors exclude each other. A selector without labels would mean every pod and is refused, and so is
# what is not a SPIFFE id by the SPIFFE standard.
is_sound(binding) if {
	count(binding.problems) == 0
	not has_both(binding)
	every labels in binding.selectors {
		count(labels) > 0
	}
	every id in binding.spiffe {
		is_spiffe(trim_prefix(id, "spiffe://"))
	}
}

has_both(binding) if {
	binding.account != ""
	count(binding.selectors) > 0
}

is_spiffe(id) if {
	count(id) <= 2048 - count("spiffe://")
	regex.match(`^[a-z0-9._-]+(/[A-Za-z0-9._-]+)*$`, id)
	every part in array.slice(split(id, "/"), 1, 1000) {
		not part in {".", ".."}
	}
}

### What a TrafficTarget must have

# A destination, at least one source, at least one rule; and a kind that nobody knows makes all of it void. The destination port of
# v1alpha1 and v1alpha2 must be one.
is_valid(target) if {
	count(target.problems) == 0
	count(target.sources) > 0
	every source in target.sources {
		is_known(source)
	}
	count(target.rules) > 0
	every rule in target.rules {
		rule.kind in {"HTTPRouteGroup", "TCPRoute", "UDPRoute"}
	}
	port := object.get(target.destination, "port", 0)
	port >= 0
	port <= 65535
}

is_known(subject) if subject.kind == "ServiceAccount"

is_known(subject) if is_binding(subject)

### Ports

# The destination port, where there is one, and a TCPRoute or UDPRoute, where there is one, restrict each other.
ports_allow(target, request) if {
	object.get(target.destination, "port", 0) in {0, request.port}
	routes_allow(target, request)
}

routes_allow(target, _) if {
	every rule in target.rules {
		rule.kind == "HTTPRouteGroup"
	}
}

# HTTP is carried by TCP. One route is enough; a route that does not exist, or is broken, has no ports.
routes_allow(target, request) if {
	some rule in target.rules
	rule.kind == {"TCP": "TCPRoute", "HTTP": "TCPRoute", "UDP": "UDPRoute"}[request.protocol]
	route := data.smi.routes[rule.kind][key(target.namespace, rule.name)]
	count(route.problems) == 0
	every name in object.get(rule, "matches", []) {
		name == route.match
	}
	has_port(route, request.port)
}

# No ports means every port.
has_port(route, _) if count(route.ports) == 0

has_port(route, port) if {
	port in route.ports
	port >= 1
	port <= 65535
}

### Requests

requests_allow(target, _) if {
	every rule in target.rules {
		rule.kind != "HTTPRouteGroup"
	}
}

# One match of one HTTPRouteGroup is enough. A rule that names no matches means all of them, and matches that share a name are none.
requests_allow(target, request) if {
	request.protocol == "HTTP"
	paths := readings(request.target)
	some rule in target.rules
	rule.kind == "HTTPRouteGroup"
	group := data.smi.groups[key(target.namespace, rule.name)]
	count(group.problems) == 0
	some match in group.matches
	is_meant(rule, match)
	count([other | some other in group.matches; other.name == match.name]) == 1
	methods_match(match, request)
	headers_match(match, request)
	paths_match(match, paths)
}

is_meant(rule, _) if count(object.get(rule, "matches", [])) == 0

is_meant(rule, match) if match.name in object.get(rule, "matches", [])

# Methods are compared letter by letter; none, or "*" among them, means any.
methods_match(match, _) if count(object.get(match, "methods", [])) == 0

methods_match(match, _) if "*" in match.methods

methods_match(match, request) if request.method in match.methods

# Every header of the match must have a value that contains a match of the expression.
headers_match(match, request) if {
	every name, expression in object.get(match, "headers", {}) {
		is_expression(expression)
		some value in header_values(request, lower(name))
		regex.match(expression, value)
	}
}

# The host is what the enforcement point says, or else the header :authority, or else Host; both names stand for it.
header_values(request, name) := [request.host] if {
	name in {"host", ":authority"}
	request.host != ""
}

header_values(request, name) := sent(request, first) if {
	name in {"host", ":authority"}
	request.host == ""
	first := [candidate | some candidate in [":authority", "host"]; is_sent(request, candidate)][0]
}

header_values(request, name) := sent(request, name) if not name in {"host", ":authority"}

is_sent(request, name) if {
	some header in request.headers
	lower(header.name) == name
}

sent(request, name) := [value |
	some header in request.headers
	lower(header.name) == name
	some value in header.values
]

# The expression of a path is anchored at the start alone, and matched against every reading of the path. Without one, any path.
paths_match(match, _) if object.get(match, "pathRegex", "") == ""

paths_match(match, paths) if {
	expression := object.get(match, "pathRegex", "")
	expression != ""
	is_expression(expression)
	every path in paths {
		regex.match(anchored(expression), path)
	}
}

anchored(expression) := grouped if {
	grouped := sprintf("^(?:%s)", [expression])
	regex.is_valid(grouped)
}

# A quotation that is left open (\Q) takes the bracket in, unless it is ended.
anchored(expression) := sprintf(`^(?:%s\E)`, [expression]) if not regex.is_valid(sprintf("^(?:%s)", [expression]))

is_expression(expression) if {
	count(expression) <= 1024
	regex.is_valid(expression)
}

### Paths

# readings are the ways in which servers read a request target that is not refused: as it stands, and with "//" and dot segments
# merged. Escapes have one spelling in both.
readings(target) := ["/"] if split(target, "?")[0] == ""

readings(target) := ["*"] if split(target, "?")[0] == "*"

readings(target) := [unmerged, merged(segments)] if {
	path := split(target, "?")[0]
	is_clean(path)
	unmerged := spelled(path)
	segments := split(trim_prefix(unmerged, "/"), "/")
	not is_ambiguous(segments)
}

# A path begins with one slash. It has no fragment, space, control character, backslash or letter beyond ASCII. Each percent sign
# begins an escape; none of them is a slash, a backslash or NUL, and together they are UTF-8.
is_clean(path) if {
	regex.match(`^/([^/]|$)`, path)
	not regex.match(`[\x00-\x20\x7f#\\]|[^\x00-\x7f]`, path)
	not contains(regex.replace(path, `%[0-9A-Fa-f]{2}`, ""), "%")
	not regex.match(`(?i)%(2f|5c|00)`, path)
	not regex.match(`%[89A-F]`, regex.replace(upper(path), utf8, "_"))
}

# The letters beyond ASCII, as RFC 3629 (section 4) has them.
utf8 := concat("|", [
	`%(C[2-9A-F]|D.)%[89AB].`,
	`%E0%[AB].%[89AB].`,
	`%E[1-9ABCEF]%[89AB].%[89AB].`,
	`%ED%[89].%[89AB].`,
	`%F0%[9AB].%[89AB].%[89AB].`,
	`%F[1-3]%[89AB].%[89AB].%[89AB].`,
	`%F4%8.%[89AB].%[89AB].`,
])

# Escapes of unreserved characters (RFC 3986 section 2.3) mean the characters, others are put in upper case.
spelled(path) := path if not contains(path, "%")

spelled(path) := strings.replace_n(spellings, path) if contains(path, "%")

spellings[escape] := urlquery.decode(escape) if {
	some escape in escapes
	is_unreserved(escape)
}

spellings[escape] := upper(escape) if {
	some escape in escapes
	not is_unreserved(escape)
}

hex := split("0123456789abcdefABCDEF", "")

escapes := {concat("", ["%", high, low]) | some high in hex; some low in hex}

is_unreserved(escape) if {
	regex.match(`^%[0-7]`, escape)
	regex.match(`^[A-Za-z0-9._~-]$`, urlquery.decode(escape))
}

# Shapes that servers are known to merge differently: a dot segment with a parameter, and dot segments beside "//".
is_ambiguous(segments) if {
	some segment in segments
	regex.match(`^\.\.?;`, segment)
}

is_ambiguous(segments) if {
	"" in array.slice(segments, 0, count(segments) - 1)
	some segment in segments
	segment in {".", ".."}
}

# What ends in a slash or a dot segment keeps a slash at its end.
merged(segments) := concat("/", array.concat([""], array.concat(kept(segments), end))) if {
	end := ["" | segments[count(segments) - 1] in {"", ".", ".."}]
}

kept(segments) := [segment |
	some at, segment in segments
	is_name(segment)
	not is_taken_back(segments, at)
]

is_name(segment) if not segment in {"", ".", ".."}

# A name is taken back when, at some point after it, there were more ".." than names.
is_taken_back(segments, at) if {
	some end in numbers.range(at + 1, count(segments))
	since := array.slice(segments, at + 1, end)
	count([s | some s in since; s == ".."]) > count([s | some s in since; is_name(s)])
}

key(namespace, name) := concat("/", [namespace, name])
