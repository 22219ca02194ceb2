segments-lead = Rules that choose which profiles of a source an export sends.
segments-empty-title = No segments yet
segments-empty-text = A segment chooses profiles by rules, for example everyone in one city who bought last month. Exports send segments.
segments-empty-viewer = A contributor or an administrator can build the first one.
segments-empty-no-source = A segment chooses from the profiles of a source. Import a source first, then come back.
segments-no-source-title = There is nothing to choose from yet
segments-go-to-sources = Go to Sources
segments-new = New segment
segments-back = Back to Segments
segments-name = Display name
segments-source = Source
segments-source-hint = The source stays with the segment once it is saved.
segments-source-choose = Choose a source
segments-show-fields = Show the fields of this source
segments-choose-source-first = Choose a source first: its fields are what conditions are about.
segments-members = Members
segments-last-refreshed = Last refreshed
segments-last-updated = Last updated by
segments-created = Created by
segments-actions = Actions
segments-never-refreshed = Never
segments-outdated = The source has changed since
segments-by-command-line = Command line
segments-state-problem = Problem
segments-edit = Edit
segments-edit-row = Edit { $name }
segments-view = View
segments-view-row = View { $name }
segments-refresh = Refresh
segments-refresh-row = Refresh { $name }
segments-remove = Remove
segments-remove-row = Remove { $name }
segments-rule = Rule
segments-conditions = Conditions
segments-combine = A profile is a member if
segments-combine-and = all conditions hold (and)
segments-combine-or = at least one condition holds (or)
segments-everyone = Without conditions, every profile of the source is a member.
segments-condition = Condition { $number }
segments-add-condition = Add condition
segments-remove-condition = Remove condition { $number }
segments-field = Field
segments-field-choose = Choose a field
segments-field-gone = { $field } (no longer in the source)
segments-operator = Operator
segments-operator-choose = Choose an operator
segments-value = Value
segments-value-to = and
segments-values = Values, one per line
segments-days = Number of days
segments-days-hint = Counts back from today. A day begins at 00:00 UTC, for everybody.
segments-ignore-case = Ignore case
segments-values-limit = At most { $values } values, and { $characters } characters in all conditions of a segment together.
segments-values-hint = Write dates like 2024-05-31 and numbers like 1234.5.
segments-type-text = text
segments-type-number = number
segments-type-date = date
segments-type-boolean = yes or no
segments-operators-text = Text
segments-operators-number-date = Number or date
segments-operators-date = Date
segments-operators-boolean = Yes or no
segments-operators-text-number-date = Text, number or date
segments-operators-every = Every field
segments-operator-is = is
segments-operator-is-not = is not
segments-operator-contains = contains
segments-operator-starts-with = starts with
segments-operator-ends-with = ends with
segments-operator-any-of = any of
segments-operator-equals = = equal to
segments-operator-not-equals = ≠ not equal to
segments-operator-less-than = < less than, before
segments-operator-at-most = ≤ at most, on or before
segments-operator-more-than = > greater than, after
segments-operator-at-least = ≥ at least, on or after
segments-operator-between = between
segments-operator-within-last-days = within the last N days
segments-operator-is-true = is true
segments-operator-is-false = is false
segments-operator-is-empty = is empty
segments-operator-is-not-empty = is not empty
segments-rule-everyone = Every profile of the source
segments-rule-all = All of these hold:
segments-rule-any = At least one of these holds:
segments-rule-union = Together with the members of:
segments-rule-intersect = Only those who are also members of:
segments-rule-except = Without the members of:
segments-rule-more = and { $count } more
segments-rule-days = { $days ->
    [one] { $days } day
   *[other] { $days } days
}
segments-locked-title = This rule is kept as it is
segments-locked-text = It has nested groups or sets, which this form cannot edit. You can rename the segment, count and refresh it; the rule does not change.
segments-count-now = Count now
segments-counted = { $count ->
    [one] { $count } member
   *[other] { $count } members
} out of { $total ->
    [one] { $total } profile
   *[other] { $total } profiles
}. Nothing has been saved.
segments-save = Save
segments-saved = { $count ->
    [one] “{ $name }” is saved. It has { $count } member.
   *[other] “{ $name }” is saved. It has { $count } members.
}
segments-saved-not-counted = “{ $name }” is saved, but its members could not be counted. { $reason }
segments-refreshed = { $count ->
    [one] “{ $name }” has { $count } member.
   *[other] “{ $name }” has { $count } members.
}
segments-not-refreshed = “{ $name }” could not be counted and keeps its last number. { $reason }
segments-removed = “{ $name }” is removed.
segments-remove-title = Remove segment
segments-remove-question = Are you sure you want to remove “{ $name }”?
segments-remove-effect = The rule is lost. Profiles and contact lists stay as they are.
segments-conflict-title = Somebody was faster
segments-conflict = { $who } saved this segment after you opened it. Your changes are kept below but not saved; Save replaces the other version with them.
segments-conflict-compare = Open the saved version in a new tab
segments-problem-source = Choose a source.
segments-problem-no-profiles = The source has no profiles yet.
segments-problem-name-empty = Enter a display name.
segments-problem-name-long = The display name is longer than { $max } characters.
segments-problem-name-control = The display name must be one line of text.
segments-problem-name-taken = Another segment has this display name. Choose a different one.
segments-problem-field-missing = Condition { $number }: choose a field, or remove the condition.
segments-problem-operator-missing = Condition { $number }: choose an operator.
segments-problem-field-gone = Condition { $number }: the source has no field “{ $field }” any more. Choose another field, or import a file that has it.
segments-problem-operator-type = Condition { $number }: this operator does not go with “{ $field }”, which is a { $type } field.
segments-problem-value-missing = Condition { $number }: enter a value for “{ $field }”.
segments-problem-value-long = Condition { $number }: a value for “{ $field }” is longer than { $max } characters.
segments-problem-not-a-number = Condition { $number }: enter a number such as 1234.5 for “{ $field }”.
segments-problem-not-a-date = Condition { $number }: enter a date such as 2024-05-31 for “{ $field }”.
segments-problem-from-above-to = Condition { $number }: the second value for “{ $field }” is below the first.
segments-problem-days = Condition { $number }: enter a number of days from 1 to { $max }.
segments-problem-too-much-text = The conditions have more than { $max } characters together. Shorten them, or make several segments of them.
segments-problem-too-many-values = Condition { $number }: more than { $max } values for “{ $field }”.
segments-problem-too-many-conditions = A segment can have at most { $max } conditions.
segments-problem-group = The rule has an empty group or is nested too deep.
segments-in-use = { $count ->
    [one] This export sends the segment and cannot run without it:
   *[other] These { $count } exports send the segment and cannot run without it:
}
segments-in-use-next = They are kept, but each needs another choice of segments before it runs again.
segments-remove-anyway = Remove anyway
segments-exports = Manage exports
segments-exports-row = Manage exports of { $name }
segments-search-hint = Name or source
segments-conflict-removed = The segment was removed after you opened it. What you typed is kept below; Save creates it again as a new segment.
