exports-title = Exports
exports-breadcrumb = Back to the list
exports-lead = What leaves Listbridge, for which contact list, and how it went.
exports-caption = Exports
exports-add = Add export
exports-edit = Edit
exports-view = View
exports-run = Run
exports-remove = Remove
exports-column-select = Select
exports-column-name = Display name
exports-column-type = Type
exports-column-status = Status
exports-column-refreshed = Refreshed
exports-column-schedule = Schedule
exports-column-connection = Connection used
exports-column-permissions = Your permissions
exports-column-updated = Last updated
exports-column-updated-by = Updated by
exports-column-actions = Actions
exports-select-row = Select { $name }
exports-view-row = View { $name }
exports-run-row = Run { $name }
exports-choose-first = Select an export first, then choose what to do with it.
exports-never-run = Not started
exports-never-refreshed = Never
exports-no-connection = No Connection
exports-permission-edit = Edit
exports-permission-view = View only
exports-by-command-line = Command line
exports-empty-title = No exports yet
exports-empty-text = An export sends the members of segments to a Constant Contact list, again and again. It needs a connection, a source with profiles and at least one segment.
exports-empty-viewer = An administrator or contributor adds exports. What they send and how it went shows here.
exports-empty-connection = An export needs a connection first.
exports-empty-ask = There is no connection you may use. Contact an administrator.
exports-create-connection = Add connection
exports-form-title = Set up export
exports-form-required = Everything is required unless it says optional.
exports-connection = Connection for export
exports-connection-hint = The account the segments go to.
exports-connection-choose = Choose a connection
exports-connection-show = Use this connection
exports-connection-none-admin = There is no connection of this type yet. Add one, then come back.
exports-connection-none = No connection of this type is available to you. Contact an administrator.
exports-connection-detached = This export has no connection and cannot run. Choose one to use it again.
exports-name = Export name
exports-name-hint = Enter a name for the export that says what it sends and where to.
exports-list = Constant Contact List ID
exports-list-hint = Paste the ID or the address of the list's page at Constant Contact, or choose a list below.
exports-list-choice = List in the account
exports-list-choose = Choose a list
exports-list-option = { $count ->
    [one] { $name } ({ $count } member)
   *[other] { $name } ({ $count } members)
}
exports-list-none = The account has no lists yet. Create one below.
exports-list-after-connection = Choose a connection to see the lists of its account.
exports-list-new-title = Create a new list
exports-list-new = Name of the new list
exports-list-new-hint = The list is created at Constant Contact at once, before the export is saved.
exports-list-create = Create list
exports-list-created = The list { $name } has been created at Constant Contact and its ID filled in. Save the export to use it.
exports-matching = Data matching
exports-matching-hint = Which profile field fills which column of the contact list.
exports-source = Source
exports-source-hint = The profiles that are sent. All segments of an export are of one source.
exports-source-show = Use this source
exports-source-none-admin = There is no source with profiles yet. Import a file first.
exports-source-none = There is no source with profiles yet. Contact an administrator.
exports-source-add = Go to Sources
exports-email = Email
exports-email-hint = Contacts are matched by their email address.
exports-field-choose = Choose a profile field
exports-field-gone-option = { $field } (not in the current profiles)
exports-attributes = Attributes
exports-attribute-add = Attribute
exports-attribute-choose = Choose an attribute
exports-attribute-add-button = Add attribute
exports-attribute-remove = Remove { $name }
exports-attribute-all = Every attribute of the account is used.
exports-attribute-standard = Standard columns
exports-attribute-custom = Custom fields
exports-attribute-after-connection = Choose a connection to see the custom fields of its account.
exports-segments = Select segments
exports-segments-hint = Their members are sent, each profile once.
exports-segments-none = This source has no segments yet. Add a segment first, then come back.
exports-segments-add = Go to Segments
exports-segment-members = { $count ->
    [one] { $count } member
   *[other] { $count } members
}
exports-segment-not-counted = Not counted yet
exports-segment-gone = A segment that has been removed
exports-total = Chosen: { $total } profiles
exports-total-up-to = Chosen: up to { $total } profiles
exports-too-large = Segment is too large: more than { $max } profiles in one export. It can be saved, but Constant Contact may refuse it. Spread the segments over several exports.
exports-save = Save
exports-cancel = Cancel
exports-close = Close
exports-save-note = Saving does not run the export.
exports-saved = { $name } has been saved. Saving does not run the export: choose Run when it should go out.
exports-saved-unchecked = Constant Contact did not answer, so the list was not checked again. It was fine when the export was last saved.
exports-removed = { $name } has been removed.
exports-remove-title = Remove { $name }?
exports-remove-text = The export and its data matching are removed. The connection, the segments and the contacts at Constant Contact stay as they are. This cannot be undone.
exports-conflict-title = { $name } saved this export while you were editing
exports-conflict-text = Nothing of yours has been saved, and nothing you typed is lost. Saved now, where it differs from yours:
exports-conflict-save = Look at your values below. Save replaces what is saved now with them.
exports-conflict-same = What is saved now is the same as yours.
exports-conflict-line = { $label }: { $value }
exports-conflict-open = Open what is saved now
exports-conflict-segments = { $count ->
    [one] { $count } segment
   *[other] { $count } segments
}
exports-conflict-somebody = Somebody
exports-view-list = List
exports-view-segments = Segments
exports-view-created = Created
exports-view-created-by = Created by
exports-problem-connection-missing = Choose the connection for the export.
exports-problem-connection = You may not use this connection, or it has been removed. Choose another one.
exports-problem-name-empty = Enter a name for the export.
exports-problem-name-long = Enter a name of at most { $max } characters.
exports-problem-name-control = Enter the name on one line, without control characters.
exports-problem-name-taken = Another export has this name. Names are compared without upper and lower case.
exports-problem-list-empty = Enter a Constant Contact list ID, or choose a list of the account.
exports-problem-list-v2 = Invalid list ID: this is an ID of Constant Contact's older V2 API, which is a number. Open the list at Constant Contact and copy the ID from the address, or choose the list here.
exports-problem-list-several = Invalid list ID: the text holds more than one ID. Paste only one.
exports-problem-list-missing = Invalid list ID: it looks like 06526938-56dd-11e9-932a-fa163ea075fa. Paste the ID or the address of the list's page.
exports-problem-list-new = The list has not been created yet. Choose Create list, or choose a list of the account.
exports-problem-list-not-found = List not found: the account of this connection has no list with this ID, or it has been deleted. Check the ID and the connection, or choose another list.
exports-problem-list-deleted = This list has been deleted at Constant Contact. Choose another list.
exports-problem-list-name-taken = The account has a list with this name already. Choose it under List in the account, or choose another name.
exports-problem-list-name = Enter a list name of 1 to { $max } characters.
exports-problem-list-unclear = Constant Contact did not say whether the list was created. Look for it under List in the account before you try again.
exports-problem-source = Choose the source of the profiles.
exports-problem-email = Email field is required: choose the profile field that holds the email address.
exports-problem-field-gone = The current profiles have no field { $field }. Choose another one.
exports-problem-attribute-field = Choose the profile field for { $name }, or remove the attribute.
exports-problem-target-unknown = Constant Contact has no column { $name }. Remove the attribute.
exports-problem-target-twice = { $name } is filled twice. Remove one of them.
exports-problem-custom-gone = The account has no custom field { $name }. Remove the attribute.
exports-problem-custom-many = At most { $max } custom fields can be filled. Remove some.
exports-problem-birthday = Birthday needs both day and month. Add the other one, or remove both.
exports-problem-segments = Select at least one segment.
exports-problem-segment-gone = One of the segments has been removed, or is of another source. Select the segments again.
exports-problem-segments-many = Select at most { $max } segments.
exports-account-not-ready = This connection is not ready. An administrator has to finish it under Settings > Connections.
exports-account-sign-in = The sign-in at Constant Contact has expired. An administrator has to authenticate this connection again.
exports-account-not-allowed = Constant Contact does not allow this connection to do that. An administrator has to look at it.
exports-account-quota = Today's requests to Constant Contact are used up. Try again after 00:00 UTC. Nothing you typed is lost.
exports-account-unavailable = Constant Contact does not answer right now. Nothing has been saved, and nothing you typed is lost. Try again shortly.
exports-account-refused = Constant Contact refused.
exports-account-words = Constant Contact says: { $words }
exports-target-first-name = First name
exports-target-last-name = Last name
exports-target-phone = Phone
exports-target-job-title = Job title
exports-target-company-name = Company name
exports-target-anniversary = Anniversary
exports-target-birthday-day = Birthday: day
exports-target-birthday-month = Birthday: month
exports-target-street = Street
exports-target-street2 = Street, second line
exports-target-city = City
exports-target-state = State or province
exports-target-zip = Postal code
exports-target-country = Country
exports-run-all = Run all
exports-run-all-hint = Runs every export with an active schedule.
exports-run-all-none = There is no export with an active schedule that you may run.
exports-duplicate = Create duplicate
exports-duplicate-name = { $name } (copy)
exports-add-segment = Add segment
exports-detach = Detach connection
exports-more-row = More actions for { $name }
exports-select-all = Select all exports on this page
exports-selected = # selected
exports-clear-selection = Clear selection
exports-search-hint = Name, connection or type
exports-schedule = Schedule
exports-choose-one = Select one export only: this action works on one export at a time.
exports-remove-many = { $count ->
    [one] Remove { $count } export?
   *[other] Remove { $count } exports?
}
exports-removed-many = { $count ->
    [one] { $count } export has been removed.
   *[other] { $count } exports have been removed.
}
exports-detach-title = Detach { $name } from its connection?
exports-detach-many = { $count ->
    [one] Detach { $count } export from its connection?
   *[other] Detach { $count } exports from their connections?
}
exports-detach-text = The export keeps its configuration but is inactive: it cannot run until it is given another connection. The connection itself stays as it is.
exports-detach-text-contributor = The export keeps its configuration but is inactive: it cannot run until it is given another connection, which only an administrator can do. The connection itself stays as it is.
exports-detached = { $name } has been detached from its connection. It is inactive until it is given another one.
exports-detached-many = { $count ->
    [one] { $count } export has been detached from its connection.
   *[other] { $count } exports have been detached from their connections.
}
exports-busy = A run of this export is in progress. Cancel it or wait until it has finished, then try again.
exports-stay-view-only = You may only view these exports. They stay as they are.
exports-left-running = { $count ->
    [one] { $count } export stays as it is: a run of it is in progress.
   *[other] { $count } exports stay as they are: runs of them are in progress.
}
exports-left-view-only = { $count ->
    [one] { $count } export stays as it is: you may only view it.
   *[other] { $count } exports stay as they are: you may only view them.
}
exports-left-detached = { $count ->
    [one] { $count } export was not run: it has no connection.
   *[other] { $count } exports were not run: they have no connection.
}
exports-started-many = { $count ->
    [one] { $count } run has been started.
   *[other] { $count } runs have been started.
}
exports-running-already = { $count ->
    [one] { $count } export was running already.
   *[other] { $count } exports were running already.
}
exports-add-segment-text = The segment is sent from the next run on, together with the segments that are there.
exports-add-segment-label = Segment
exports-add-segment-none = Choose a segment
exports-add-segment-choose = Choose the segment to add.
exports-segment-added = { $count ->
    [one] { $segment } has been added to { $count } export.
   *[other] { $segment } has been added to { $count } exports.
}
exports-segment-was-there = { $count ->
    [one] { $count } export had the segment already.
   *[other] { $count } exports had the segment already.
}
exports-segment-other-source = { $count ->
    [one] { $count } export stays as it is: it reads another source.
   *[other] { $count } exports stay as they are: they read another source.
}
exports-segment-full = { $count ->
    [one] { $count } export stays as it is: it has { $max } segments already.
   *[other] { $count } exports stay as they are: they have { $max } segments already.
}
exports-conflict-removed = { $name } removed this export while you were editing
exports-conflict-removed-text = Nothing you typed is lost. Save creates it again as a new export.
exports-of-segment = Exports for { $segment }
exports-with-segment = Exports with this segment
exports-without-segment = Exports without this segment
exports-reads-other-source = Reads another source
exports-back = Back
exports-edit-row = Edit { $name }
exports-brake = Ask before sending
exports-brake-hint = A run that would send far fewer or far more rows than the last successful one waits until an administrator approves it. Leave a percentage empty to never ask.
exports-brake-below = Ask when fewer than this percentage of the last run's rows would be sent
exports-brake-below-hint = From 1 to 100, for example 50
exports-brake-above = Ask when more than this percentage of the last run's rows would be sent
exports-brake-above-hint = From 100 to 10,000, for example 200
exports-problem-brake-below = Type a whole number from 1 to 100, or leave it empty.
exports-problem-brake-above = Type a whole number from 100 to 10,000, or leave it empty.
exports-mode = Who is sent
exports-mode-note = After a change of mode, connection, list or data matching, the next run sends everybody once.
exports-mode-full = Everybody, every time (full)
exports-mode-full-hint = Each run sends every member of the segments.
exports-mode-changes = Changes only
exports-mode-changes-hint = Each run sends who is new, or whose values have changed since they were last delivered. Listbridge remembers keyed hashes for this, no personal data. People who leave the segments stay on the list.
exports-mode-mirror = Mirror
exports-mode-mirror-hint = As changes only, and then takes off the list whoever was delivered and has left the segments or is on the exclusion list. Whom another export has delivered to the same list stays, until that one takes them off. The contacts themselves stay in the account.
exports-removals-ask = Mirror: ask before more people than this are taken off the list
exports-removals-ask-hint = A whole number from 0 to 1,000,000, for example 500. An administrator then approves or cancels. Leave it empty to never ask.
exports-removes-others = Mirror: also take off people whom this export has not delivered
exports-removes-others-hint = Also removes whoever was put on the list by hand, by a sign-up form or by another export.
exports-problem-removals = Type a whole number from 0 to 1,000,000, or leave it empty.
exports-yes = Yes
exports-no = No
exports-leavers = People who left the list
exports-leavers-hint = Whoever was delivered before and is no longer on the list has left by themselves or unsubscribed. To know, a run that has something to send first asks Constant Contact for the members of the list and, when somebody is missing, for those who have unsubscribed. Whoever was delivered within the last hour may not show yet, and is left out once.
exports-leavers-by-mode = Do not put them back, except when everybody is sent every time
exports-leavers-respect = Never put them back
exports-leavers-put-back = Put them back when they are sent
