-- Which commands Argo CD offers on a serin.dev/Canary: those that Serin would carry out now. All others are greyed out.

local status, spec = obj.status or {}, obj.spec or {}
local phase, candidate = status.phase, status.candidate
local running = candidate ~= nil and (phase == "Progressing" or phase == "Paused")

local reason = ""
for _, c in ipairs(status.conditions or {}) do
  if c.type == "Ready" then
    reason = c.reason or ""
  end
end

-- No weight rises, whoever asks for it, while one of these holds.
local held = spec.suspend == true or reason == "TargetNotFound" or reason == "WaitingForPods"
    or reason == "Frozen" or reason == "WindowClosed"
    or (candidate ~= nil and candidate.notReadySince ~= nil)
    or (status.step ~= nil and status.step.heldSince ~= nil)

local waitsForApproval = status.pause ~= nil and status.pause.reason == "Approval"

local function offer(yes, icon, name)
  return {disabled = not yes, iconClass = "fa fa-fw fa-" .. icon, displayName = name}
end

return {
  ["approve"] = offer(running and status.step ~= nil, "check", "Approve the step"),
  ["promote"] = offer(running and status.step ~= nil and not held, "step-forward", "Promote: leave the step now"),
  ["promote-full"] = offer(running and not held, "fast-forward", "Promote fully: all traffic now"),
  ["pause"] = offer(phase == "Progressing" and candidate ~= nil, "pause", "Pause"),
  ["resume"] = offer(phase == "Paused" and not waitsForApproval, "play", "Resume"),
  ["abort"] = offer(running or (phase == "Promoting" and candidate ~= nil), "undo", "Abort: roll back"),
  ["retry"] = offer(phase == "RolledBack", "redo", "Retry the revision"),
}
