-- The health of a serin.dev/Canary in Argo CD.
--
-- Healthy: the stable version is what the target asks for. Progressing: Serin works on it. Suspended: a person is needed.
-- Degraded: nothing more happens until a person changes something.

local status = obj.status
if status == nil or status.observedGeneration == nil or status.observedGeneration < 0 then
  return {status = "Progressing", message = "the controller has not looked at this Canary yet"}
end

if obj.metadata.generation ~= nil and status.observedGeneration ~= obj.metadata.generation then
  return {
    status = "Progressing",
    message = "the controller has not looked at generation " .. obj.metadata.generation .. " yet, only at " .. status.observedGeneration,
  }
end

local function condition(kind)
  for _, c in ipairs(status.conditions or {}) do
    if c.type == kind and (c.observedGeneration == nil or c.observedGeneration == obj.metadata.generation) then
      return c
    end
  end
  return {}
end

local stalled, ready = condition("Stalled"), condition("Ready")
local message = status.message or ready.message or ""

if stalled.status == "True" then
  return {status = "Degraded", message = (stalled.reason or "Stalled") .. ": " .. (stalled.message or message)}
end
if status.phase == "Paused" then
  return {status = "Suspended", message = message}
end
if ready.status == "True" then
  return {status = "Healthy", message = ready.message or message}
end
if ready.reason == "Suspended" then
  -- spec.suspend holds the rollout until a person takes it away.
  return {status = "Suspended", message = message}
end
return {status = "Progressing", message = message}
