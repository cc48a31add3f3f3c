describe('ML Infrastructure', () => {
  describe('Feature Flags', () => {
    it('should load flags without errors', async () => {
      const flags = await MLFeatureFlags.load();
      expect(flags).toBeDefined();
      expect(flags.enabled).toBe(false); // Safe default
    });
    
    it('should handle remote config failures gracefully', async () => {
      // Simulate network failure
      fetchMock.mockRejectOnce();
      const flags = await MLFeatureFlags.load();
      expect(flags).toBeDefined(); // Falls back to local
    });
    
    it('should respect rollout percentage', () => {
      const flags = new MLFeatureFlags();
      flags.flags.rollout.percentage = 50;
      
      let included = 0;
      for (let i = 0; i < 1000; i++) {
        if (flags.shouldShowForUser(`user${i}`)) included++;
      }
      
      expect(included).toBeGreaterThan(450);
      expect(included).toBeLessThan(550);
    });
  });
  
  describe('State Extension', () => {
    it('should not break existing AppState', () => {
      const state = { get: jest.fn(), set: jest.fn() };
      MLStateExtension.extend(state);
      
      state.set('existingKey', 'value');
      expect(state.set).toHaveBeenCalled();
    });
    
    it('should track ML changes', () => {
      MLStateExtension.extend(KC.AppState);
      KC.AppState.set('ml.test', 'value');
      
      expect(KC.AppState.ml.history).toHaveLength(1);
      expect(KC.AppState.ml.history[0].key).toBe('ml.test');
    });
  });
});
