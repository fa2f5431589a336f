// Small comforts; every form of the shop also works without this file.
for (const field of document.querySelectorAll("[data-auto]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}
for (const button of document.querySelectorAll("[data-update]")) {
  button.hidden = true;
}
