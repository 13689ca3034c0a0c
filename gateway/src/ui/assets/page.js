// The little that pages do themselves: the theme a person chose, and that the gateway does not answer. Pages read and act without it.
"use strict";
(function () {
  var root = document.documentElement;
  var themes = ["system", "light", "dark"];
  function chosen() {
    try {
      var theme = localStorage.getItem("figway-theme");
      return themes.indexOf(theme) < 0 ? "system" : theme;
    } catch (_) {
      return "system";
    }
  }
  function apply(theme) {
    if (theme === "system") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", theme);
  }
  // Before anything is drawn.
  apply(chosen());
  document.addEventListener("DOMContentLoaded", function () {
    var button = document.getElementById("theme");
    if (button) {
      var say = function () {
        button.textContent = "Theme: " + chosen();
      };
      button.hidden = false;
      say();
      button.addEventListener("click", function () {
        var next = themes[(themes.indexOf(chosen()) + 1) % themes.length];
        try {
          localStorage.setItem("figway-theme", next);
        } catch (_) {}
        apply(next);
        say();
      });
    }
    var lost = document.getElementById("lost");
    if (!lost) return;
    ["htmx:sendError", "htmx:timeout", "htmx:responseError"].forEach(function (name) {
      document.body.addEventListener(name, function () {
        lost.hidden = false;
      });
    });
    document.body.addEventListener("htmx:afterOnLoad", function (event) {
      if (event.detail.xhr.status < 400) lost.hidden = true;
    });
  });
})();
